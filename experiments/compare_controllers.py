"""Which predictor searches best?

    .venv/bin/python experiments/compare_controllers.py [overrides]

Eight searches of the default space on digits: four predictors, two seeds each. About two minutes each on 2
cores. Overrides go to every search, for example
``seed=0,1,2,3,4 data=npz data.path=mine.npz``.
"""

import sys

from sweep import print_table, run_sweep

AXES = ["controller=lstm,mlp,lstm_ensemble,mlp_ensemble", "seed=0,1"]


def main() -> None:
    overrides = sys.argv[1:]
    typed = {item.partition("=")[0] for item in overrides}
    axes = [axis for axis in AXES if axis.partition("=")[0] not in typed]
    sweep = run_sweep("compare_controllers", axes, overrides)
    print_table(sweep, [*axes, *(item for item in overrides if "," in item)], overrides)


if __name__ == "__main__":
    main()
