"""Other Gaussian processes than the one in use, and a mean with a forest: how do they rank?

    python experiments/benchmarks/gp_variants.py history.csv digits.csv --nasbench201 nb201.npz

Spearman's correlation on the steps of predictor_study.py: the GP as it is, without the features
that say what a cell reads, with rougher and smoother kernels than its Matérn one of order 3/2, with
other priors of the kernel's parameters, the mean rank of ten GPs on four fifths of the cells each,
the forest (mean of ten seeds), and the mean of the ranks of GP and forest. Each on all the cells of
a step, and on every other of them: on the 292-cell run the even ones took part in choosing
transform, linear part and priors, the odd ones did not; the kernel's order and what is read were
chosen on all.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from common import make_parser, print_machine, print_table, progress
from dense_gp import fit_densely
from numpy.typing import NDArray
from predictor_study import (
    Step,
    Table,
    make_step,
    predict_by_forest,
    read_nasbench201,
    read_table,
)

from pnas.predictors.features import CellFeatures
from pnas.predictors.gp import kernel as gp_kernel
from pnas.predictors.gp import likelihood
from pnas.predictors.rank_correlation import spearman
from pnas.predictors.score_transform import NormalScoreTransform

Floats = NDArray[np.float64]
Kernel = Callable[[Floats], tuple[Floats, Floats]]
"""Squared distances -> kernel and slope (see `pnas.predictors.gp.kernel.matern`)."""

PRIOR_MEANS = {"noise": (-3.5, -1.5, -0.5), "length": (0.0, 0.6), "slope": (-0.7, 1.3)}
PARTS = {"all": slice(None), "even": slice(0, None, 2), "odd": slice(1, None, 2)}
SEEDS = 10
BAGS = 10
SHARE = 0.8
RANKED = 1000


class Task(NamedTuple):
    """One step of one table: cells up to ``b`` blocks to learn from, others to rank."""

    table: Table
    b: int
    step: Step


Scores = list[Floats]
"""Scores of the ranked cells, once or for several seeds."""

Variant = Callable[[Task], Scores]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("tables", type=Path, nargs="+", help="CSV files of cells and rewards")
    parser.add_argument("--nasbench201", type=Path, help="an .npz of NAS-Bench-201")
    parser.add_argument(
        "--known",
        type=int,
        nargs="*",
        default=[],
        help="also learn from so many random cells of the largest size",
    )
    parser.add_argument(
        "--column", default="c10_valid_200_naswot", help="its column that rewards are taken from"
    )
    arguments = parser.parse_args()

    tables = [read_table(path) for path in arguments.tables]
    if arguments.nasbench201:
        tables.append(read_nasbench201(arguments.nasbench201, arguments.column))
    columns = make_columns(tables, arguments.known)
    scores = {name: score_all(name, variant, columns) for name, variant in variants().items()}

    for part, cells in PARTS.items():
        print(f"{part} cells\n")
        rows = []
        for name, by_column in scores.items():
            correlations = []
            for tasks, found in zip(columns.values(), by_column, strict=True):
                correlations.append(f"{mean_correlation(tasks, found, cells):.3f}")
            rows.append([name, *correlations])
        print_table(["", *columns], rows)
    print_machine("numpy", "scipy", "scikit-learn")


# -- what is ranked --------------------------------------------------------------------------------


def make_columns(tables: list[Table], known: list[int]) -> dict[str, list[Task]]:
    """Return the tasks behind each column of the report, by its title."""
    columns = {}
    for table in tables:
        for b in range(1, table.space.B):
            step = make_step(table, b, learn=100_000, rank=RANKED, seed=0)
            columns[f"{table.name}, {b} -> {b + 1}"] = [Task(table, b, step)]
    for table in tables:
        for count in known:
            columns[f"{table.name}, {count} random"] = list(sample_tasks(table, count))
    return columns


def sample_tasks(table: Table, known: int) -> Iterator[Task]:
    """Yield, for each seed, a task from ``known`` random cells of the largest size to others."""
    full = np.flatnonzero([len(cell) == table.space.B for cell in table.cells])
    tokens = table.space.encode([table.cells[row] for row in full])
    rewards = table.rewards[full]
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(len(full))
        learned = np.sort(order[:known])
        ranked = np.sort(order[known : known + RANKED])
        step = Step(tokens[learned], rewards[learned], tokens[ranked], rewards[ranked])
        yield Task(table, table.space.B, step)


def score_all(name: str, variant: Variant, columns: dict[str, list[Task]]) -> list[list[Scores]]:
    """Return the scores of one variant for each task of each column."""
    progress(name)
    scores = []
    for tasks in columns.values():
        scores.append([variant(task) for task in tasks])
    return scores


def mean_correlation(tasks: list[Task], scores: list[Scores], cells: slice) -> float:
    """Return the mean correlation with the truth over tasks and seeds, on some of the cells."""
    correlations = []
    for task, by_seed in zip(tasks, scores, strict=True):
        truth = task.step.truth[cells].tolist()
        for values in by_seed:
            correlations.append(spearman(values[cells].tolist(), truth) or 0.0)
    return float(np.mean(correlations))


# -- variants --------------------------------------------------------------------------------------


def variants() -> dict[str, Variant]:
    """Return every way of ranking, by its name."""
    found: dict[str, Variant] = {
        "gp": rank_by_gp,
        "without reads": rank_without_reads,
        "squared exponential": _with_kernel(squared_exponential),
        "Matérn 5/2": _with_kernel(matern_five_halves),
        "exponential": _with_kernel(exponential),
    }
    for name, means in PRIOR_MEANS.items():
        for mean in means:
            found[f"{name} {mean}"] = _with_prior(name, mean)
    return {
        **found,
        "ten on 4/5": rank_by_bagging,
        "forest": rank_by_forests,
        "gp and forest": rank_by_both,
    }


def rank_by_gp(task: Task) -> Scores:
    step = task.step
    fitted = fit_densely(task.table.space, step.tokens, step.rewards.tolist(), seed=0)
    return [_normal_scores(fitted.mean(step.ranked))]


def rank_without_reads(task: Task) -> Scores:
    with patch.object(CellFeatures, "groups", CellFeatures.counts):
        return rank_by_gp(task)


def _with_prior(name: str, mean: float) -> Variant:
    """Return the GP with another mean of the prior of the logarithm of ``name``."""

    def rank(task: Task) -> Scores:
        prior = likelihood.PRIOR[name]._replace(mean=mean)
        with patch.dict(likelihood.PRIOR, {name: prior}):
            return rank_by_gp(task)

    return rank


def _with_kernel(kernel: Kernel) -> Variant:
    """Return the GP with another kernel in place of the Matérn one."""

    def rank(task: Task) -> Scores:
        in_covariance = patch.object(gp_kernel, "matern", kernel)
        in_likelihood = patch.object(likelihood, "matern", kernel)
        with in_covariance, in_likelihood:
            return rank_by_gp(task)

    return rank


def squared_exponential(squared: Floats) -> tuple[Floats, Floats]:
    value = np.exp(-0.5 * squared)
    return value, value


def matern_five_halves(squared: Floats) -> tuple[Floats, Floats]:
    root = np.sqrt(5 * squared)
    decay = np.exp(-root)
    value = (1 + root + root**2 / 3) * decay
    slope = 5 / 3 * (1 + root) * decay
    return value, slope


def exponential(squared: Floats) -> tuple[Floats, Floats]:
    """Matérn of order 1/2; its slope is infinite between equal cells, where it is not needed."""
    root = np.sqrt(squared)
    value = np.exp(-root)
    return value, value / np.maximum(root, 1e-9)


def rank_by_bagging(task: Task) -> Scores:
    """Return the mean scores of ten GPs, each fitted to a random four fifths of the cells."""
    rng = np.random.default_rng(0)
    step = task.step
    known = len(step.tokens)
    count = max(3, int(SHARE * known))
    scores = []
    for _ in range(BAGS):
        rows = np.sort(rng.permutation(known)[:count])
        part = step._replace(tokens=step.tokens[rows], rewards=step.rewards[rows])
        scores += rank_by_gp(task._replace(step=part))
    return [np.mean(scores, axis=0)]


def rank_by_forests(task: Task) -> Scores:
    scores = []
    for seed in range(SEEDS):
        scores.append(_normal_scores(predict_by_forest(task.table, task.step, seed)))
    return scores


def rank_by_both(task: Task) -> Scores:
    (by_gp,) = rank_by_gp(task)
    return [by_gp + by_forest for by_forest in rank_by_forests(task)]


def _normal_scores(values: NDArray[np.floating]) -> Floats:
    """Return the normal scores of the ranks of ``values``."""
    listed = values.tolist()
    return NormalScoreTransform.of(listed).forward(listed)


if __name__ == "__main__":
    main()
