"""Other Gaussian processes than the one in use, and a mean with a forest: how do they rank one block more?

    python experiments/benchmarks/gp_variants.py history.csv digits.csv --nasbench201 nasbench201.npz

Spearman's correlation on the steps of predictor_study.py: the process as it is, without the features that say what a
cell reads, with rougher and smoother kernels than its Matérn one of order 3/2, with other priors of the kernel's
parameters, the mean rank of ten processes on four fifths of the cells each, the forest (mean of ten seeds), and the
mean of the ranks of process and forest. Each on all the cells of a step, and on every other of them: on the
292-cell run the even ones took part in choosing transform, linear part and priors, the odd ones did not; the kernel's
order and what is read were chosen on all.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
from common import print_machine, print_table, progress
from numpy.typing import NDArray
from predictor_study import Step, Table, forest, predictions, read_nasbench201, read_table, step_of

from pnas.predictors.features import CellFeatures
from pnas.predictors.gp import gaussian_process as gp
from pnas.predictors.rank_correlation import spearman
from pnas.predictors.score_transform import NormalScoreTransform

Floats = NDArray[np.float64]
Rank = Callable[[Table, Step, int], list[Floats]]
Shape = Callable[[Floats], tuple[Floats, Floats]]  # see pnas.predictors.gp.gaussian_process._matern
PRIORS = {"noise": (-3.5, -1.5, -0.5), "length": (0.0, 0.6), "slope": (-0.7, 1.3)}
PARTS = {"all": slice(None), "even": slice(0, None, 2), "odd": slice(1, None, 2)}
SEEDS = 10
BAGS = 10
SHARE = 0.8


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", type=Path, nargs="+", help="CSV files of cells and rewards")
    parser.add_argument("--nasbench201", type=Path, help="an .npz of NAS-Bench-201")
    parser.add_argument(
        "--known",
        type=int,
        nargs="*",
        default=[],
        help="also learn from so many cells of largest size",
    )
    parser.add_argument(
        "--column", default="c10_valid_200_naswot", help="its column that rewards are taken from"
    )
    given = parser.parse_args()
    tables = [read_table(path) for path in given.tables]
    tables += [read_nasbench201(given.nasbench201, given.column)] if given.nasbench201 else []
    columns = {
        f"{t.name}, {b} -> {b + 1}": [(t, b, step_of(t, b, 100_000, 1000, 0))]
        for t in tables
        for b in sizes(t)
    }
    columns |= {f"{t.name}, {n} random": drawn(t, n) for t in tables for n in given.known}
    found = {}
    for name, rank in variants().items():
        progress(name)
        found[name] = [
            [(step, rank(table, step, b)) for table, b, step in column]
            for column in columns.values()
        ]
    for part, cells in PARTS.items():
        print(f"{part} cells\n")
        print_table(
            ["", *columns],
            [[name, *(mean(column, cells) for column in ranks)] for name, ranks in found.items()],
        )
    print_machine("numpy", "scipy", "scikit-learn")


def sizes(table: Table) -> range:
    """Those that a step leads on from."""
    return range(1, table.space.B)


def drawn(table: Table, known: int) -> list[tuple[Table, int, Step]]:
    """Steps from ``known`` random cells of the largest size to at most 1000 others, one a seed."""
    full = np.flatnonzero([len(cell) == table.space.B for cell in table.cells])
    tokens = table.space.encode([table.cells[row] for row in full])
    steps = []
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(len(full))
        learned = np.sort(order[:known])
        ranked = np.sort(order[known : known + 1000])
        rewards = table.rewards[full]
        step = Step(tokens[learned], rewards[learned], tokens[ranked], rewards[ranked])
        steps.append((table, table.space.B, step))
    return steps


def mean(column: list[tuple[Step, list[Floats]]], cells: slice) -> str:
    """Correlation with the truth over some of the ranked cells, mean of the steps and seeds."""
    pairs = [
        (score[cells].tolist(), step.truth[cells].tolist())
        for step, scores in column
        for score in scores
    ]
    return f"{np.mean([spearman(*pair) or 0.0 for pair in pairs]):.3f}"


def variants() -> dict[str, Rank]:
    """Each gives the scores of the ranked cells, once or for several seeds."""
    priors = {
        f"{name} {mean}": prior(name, mean) for name, means in PRIORS.items() for mean in means
    }
    kernels = {"squared exponential": kernel(squared_exponential), "Matérn 5/2": kernel(matern52)}
    kernels |= {"exponential": kernel(exponential)}
    return {
        "gp": process,
        "without reads": without_reads,
        **kernels,
        **priors,
        "ten on 4/5": bagged,
        "forest": forests,
        "gp and forest": both,
    }


def process(table: Table, step: Step, b: int) -> list[Floats]:
    return [scored(predictions(table, "gp", step, b, 0))]


def without_reads(table: Table, step: Step, b: int) -> list[Floats]:
    with patch.object(CellFeatures, "groups", CellFeatures.counts):
        return process(table, step, b)


def prior(name: str, mean: float) -> Rank:
    """The process with another mean of the prior of the logarithm of ``name``."""

    def rank(table: Table, step: Step, b: int) -> list[Floats]:
        with patch.dict(gp._PRIOR, {name: (mean, gp._PRIOR[name][1])}):
            return process(table, step, b)

    return rank


def kernel(shape: Shape) -> Rank:
    """The process with another kernel in place of the Matérn one."""

    def rank(table: Table, step: Step, b: int) -> list[Floats]:
        with patch.object(gp, "_matern", shape):
            return process(table, step, b)

    return rank


def squared_exponential(squared: Floats) -> tuple[Floats, Floats]:
    near = np.exp(-0.5 * squared)
    return near, near


def matern52(squared: Floats) -> tuple[Floats, Floats]:
    root = np.sqrt(5 * squared)
    return (1 + root + root**2 / 3) * np.exp(-root), 5 / 3 * (1 + root) * np.exp(-root)


def exponential(squared: Floats) -> tuple[Floats, Floats]:
    """Matérn of order 1/2; its slope is infinite between cells that are the same, where it is not asked for."""
    root = np.sqrt(squared)
    return np.exp(-root), np.exp(-root) / np.maximum(root, 1e-9)


def bagged(table: Table, step: Step, b: int) -> list[Floats]:
    rng = np.random.default_rng(0)
    count = max(3, int(SHARE * len(step.tokens)))
    draws = [np.sort(rng.permutation(len(step.tokens))[:count]) for _ in range(BAGS)]
    parts = [step._replace(tokens=step.tokens[rows], rewards=step.rewards[rows]) for rows in draws]
    return [np.mean([process(table, part, b)[0] for part in parts], axis=0)]


def forests(table: Table, step: Step, b: int) -> list[Floats]:
    return [scored(forest(table, step, seed)) for seed in range(SEEDS)]


def both(table: Table, step: Step, b: int) -> list[Floats]:
    (mine,) = process(table, step, b)
    return [mine + theirs for theirs in forests(table, step, b)]


def scored(values: NDArray[np.float32]) -> Floats:
    """Normal scores of the ranks of ``values``."""
    return NormalScoreTransform.of(values.tolist()).forward(values.tolist())


if __name__ == "__main__":
    main()
