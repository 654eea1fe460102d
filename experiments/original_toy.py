"""The published toy run of the original project, with three seeds.

    .venv/bin/python experiments/original_toy.py data=digits             # seconds a child
    .venv/bin/python experiments/original_toy.py data.path=cifar10.npz   # the original's data;
    hours

Two operators, flat cells, B=3, K=8, 3 epochs a child: 17 children a search (3, 6 and 8 different
ones). Digits: 20 s a search on two cores, and best rewards anywhere from 0.52 to 0.65, since three
epochs tell little. Of a published history of it on CIFAR-10 (small_B3_K8_run2.csv: 20 children) the
best is 0.5484; `task=rank` draws it beside ours:

    python run.py name=old task=rank task.overlay=true \\
        'task.files=[train_history.csv,multirun/original_toy/*/0]'
"""

from study import study

if __name__ == "__main__":
    study("original_toy", ["experiment=seed_toy", "seed=0,1,2"], __doc__)
