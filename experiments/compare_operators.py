"""Which set of operators is worth its cost?

    .venv/bin/python experiments/compare_operators.py [overrides]

Six searches on digits: three sets of four operators (plain convolutions, separable ones, the default mixture), two
seeds each. About two minutes each on 2 cores. docs/results.md has the figures of the default set; read differences
against the spread that repeat_seeds.py shows. Overrides go to every search.
"""

from study import study

SETS = (
    "[3x3 conv,5x5 conv,3x3 maxpool,identity]",
    "[3x3 dconv,5x5 dconv,3x3 maxpool,identity]",
    "[3x3 conv,3x3 dconv,3x3 maxpool,identity]",
)

if __name__ == "__main__":
    study("compare_operators", [f"state_space.operators={','.join(SETS)}", "seed=0,1"], __doc__)
