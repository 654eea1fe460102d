"""What do a wider beam (K) and bigger cells (B) buy?

    .venv/bin/python experiments/vary_K_and_B.py [overrides]

Six searches of the default space on digits: K = 4, 8, 16 with B = 2, 3. One to three minutes each on 2 cores;
docs/results.md has the figures to expect. Overrides go to every search, for example ``seed=0,1,2``.
"""

import sys

from sweep import print_table, run_sweep

AXES = ["controller.K=4,8,16", "state_space.B=2,3"]


def main() -> None:
    overrides = sys.argv[1:]
    typed = {item.partition("=")[0] for item in overrides}
    axes = [axis for axis in AXES if axis.partition("=")[0] not in typed]
    sweep = run_sweep("vary_K_and_B", axes, overrides)
    print_table(sweep, [*axes, *(item for item in overrides if "," in item)], overrides)


if __name__ == "__main__":
    main()
