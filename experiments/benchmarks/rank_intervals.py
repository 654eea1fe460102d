"""What a diagnosis's intervals cost: rank correlations of 200 resamples, from one matrix of signs or by SciPy.

    python experiments/benchmarks/rank_intervals.py

Milliseconds for Spearman's and Kendall's correlation together, the two ways in turn. Takes a few seconds.
"""

import numpy as np
from common import interleaved, print_machine, print_table, spread

from pnas.predictors.rank_correlation import MANY, correlations_from_scipy, correlations_from_signs
from pnas.predictors.rank_metrics import RESAMPLES

SIZES = (8, 36, 130, 500, MANY, 2 * MANY)
REPEATS = 3


def main() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for cells in SIZES:
        x, y = rng.random((2, cells))
        counts = rng.multinomial(cells, np.full(cells, 1 / cells), size=RESAMPLES)
        ways = {
            "signs": lambda: correlations_from_signs(x, y, counts),
            "scipy": lambda: correlations_from_scipy(x, y, counts),
        }
        runs = interleaved(ways, REPEATS)
        signs, scipy = ([1000 * run.wall for run in runs[name]] for name in ways)
        rows.append(
            [
                cells,
                spread(signs, 1),
                spread(scipy, 0),
                f"{np.median(scipy) / np.median(signs):.1f}",
            ]
        )
    print_table(["cells", "matrix of signs, ms", "SciPy, ms", "SciPy takes longer by"], rows)
    print(f"Up to {MANY} cells the first is used, beyond the second.")
    print_machine("numpy", "scipy")


if __name__ == "__main__":
    main()
