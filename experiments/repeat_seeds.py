"""How much of a search's result is chance? Its spread over seeds.

    .venv/bin/python experiments/repeat_seeds.py [overrides]

Five searches of the default space on digits that differ in nothing but their seed. About two
minutes each on 2 cores. The table's ± is the standard deviation over seeds: what two settings
differ by means little below it. docs/results.md has the best reward to expect. More seeds:
``'seed=range(20)'``.
"""

from study import study

if __name__ == "__main__":
    study("repeat_seeds", ["seed=0,1,2,3,4"], __doc__)
