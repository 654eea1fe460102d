"""Which set of operators is worth its cost?

    .venv/bin/python experiments/compare_operators.py [overrides]

Six searches on digits: three sets of four operators (plain convolutions, separable ones, the
default mixture), two seeds each, about a minute each on 2 cores. Expect best rewards of 0.966 with
plain convolutions, 0.967 with separable ones, 0.960 with the mixture (docs/results.md); read
differences against the spread that repeat_seeds.py shows. Overrides go to every search.
"""

from study import study

SETS = (
    "[3x3 conv,5x5 conv,3x3 maxpool,identity]",
    "[3x3 dconv,5x5 dconv,3x3 maxpool,identity]",
    "[3x3 conv,3x3 dconv,3x3 maxpool,identity]",
)

if __name__ == "__main__":
    study("compare_operators", [f"state_space.operators={','.join(SETS)}", "seed=0,1"], __doc__)
