"""The search of the paper on CIFAR-10: 1,160 children on a GPU machine.

    .venv/bin/python experiments/paper_search.py plan_only=true    # what it would train
    .venv/bin/python experiments/paper_search.py                   # B=5, K=256, 20 epochs, N=2,
    F=24

Cost: 1,160 trainings of 20 epochs on 45,000 images, which is days on one GPU and hours on a full
box (5,800 hours on two CPU cores, as `plan_only=true` reckons from parameters and multiply-adds).
The paper reports a best cell whose large network (N=3, F=48, 600 epochs) has a test error of 3.41
+- 0.09 %. A multirun of one search, so that a killed one goes on: give
``hydra.sweep.dir=multirun/paper``.
"""

from study import study

if __name__ == "__main__":
    study("paper_search", ["experiment=paper_cifar10"], __doc__)
