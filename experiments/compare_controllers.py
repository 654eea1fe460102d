"""Which predictor searches best?

    .venv/bin/python experiments/compare_controllers.py [overrides]

Ten searches of the default space on digits: five predictors, two seeds each. A minute or two each
on 2 cores; docs/results.md has the figures to expect. Overrides go to every search, for example
``seed=0,1,2,3,4 data=npz data.path=mine.npz``; ``cache.path=children.sqlite`` trains a child of
several searches once.
"""

from study import study

if __name__ == "__main__":
    study(
        "compare_controllers",
        ["controller=gp,lstm,mlp,lstm_ensemble,mlp_ensemble", "seed=0,1"],
        __doc__,
    )
