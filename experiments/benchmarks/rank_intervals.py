"""What intervals of rank correlations cost: 200 resamples, from one matrix of signs or by SciPy.

    python experiments/benchmarks/rank_intervals.py

Milliseconds for Spearman's and Kendall's correlation together, the two ways in turn. Takes a few
seconds.
"""

import numpy as np
from common import interleaved, make_parser, print_machine, print_table, spread

from pnas.predictors.rank_correlation import MANY, correlations_from_scipy, correlations_from_signs
from pnas.predictors.rank_metrics import RESAMPLES

SIZES = (8, 36, 130, 500, MANY, 2 * MANY)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each way")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES), help="cells")
    arguments = parser.parse_args()

    rng = np.random.default_rng(0)
    rows = [compare(cells, arguments.repeats, rng) for cells in arguments.sizes]
    print_table(["cells", "matrix of signs, ms", "SciPy, ms", "SciPy takes longer by"], rows)
    print(f"Up to {MANY} cells the first is used, beyond the second.")
    print_machine("numpy", "scipy")


def compare(cells: int, repeats: int, rng: np.random.Generator) -> list[object]:
    """Return the row of one number of cells."""
    x, y = rng.random((2, cells))
    uniform = np.full(cells, 1 / cells)
    counts = rng.multinomial(cells, uniform, size=RESAMPLES)
    ways = {
        "signs": lambda: correlations_from_signs(x, y, counts),
        "scipy": lambda: correlations_from_scipy(x, y, counts),
    }
    runs = interleaved(ways, repeats)
    signs = [1000 * run.wall for run in runs["signs"]]
    scipy = [1000 * run.wall for run in runs["scipy"]]
    ratio = np.median(scipy) / np.median(signs)
    return [cells, spread(signs, 1), spread(scipy, 0), f"{ratio:.1f}"]


if __name__ == "__main__":
    main()
