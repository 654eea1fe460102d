"""How well does each predictor, trained on all cells up to b blocks, rank those of b + 1?

    python experiments/benchmarks/predictor_study.py --nasbench201 nasbench201.npz --tables history.csv digits.csv

A table is a CSV file with columns cell and reward (a search's children.csv is one), or the original project's
train_history.csv; its space is read off its cells. For each table and step it prints, beside a plain random forest on
operator counts, Spearman's and Kendall's correlation (mean and standard deviation over seeds, and for the first seed a
95 % bootstrap interval over the cells ranked), the share of the best K that is among the best K predicted, and the
seconds of a fit. --only names what to compare: mlp, gp, trees, unlike, ..., or mlp:ranking, unlike:gp+trees+mlp.
"""

import argparse
import csv
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import mean_sd, print_machine, print_table, progress
from numpy.typing import NDArray

from pnas.predictors import ControllerSpec, make_predictor
from pnas.predictors.paths import CellGraph
from pnas.predictors.rank_metrics import rank_agreement, top_overlap
from pnas.predictors.token_layout import Layout
from pnas.reports.data.ranking_files import read_scores
from pnas.state_space import Cell, NASBench201Space, SlotSpace, StateSpace, Tokens
from pnas.state_space.nasbench201 import full_cell

BASELINE = "forest"
PREDICTORS = (
    BASELINE,
    "lstm",
    "mlp",
    "lstm_ensemble",
    "mlp_ensemble",
    "mlp:ranking",
    "gp",
    "trees",
    "unlike",
)
PREDICTORS += ("unlike:gp+trees+mlp",)
# Mean rank correlation with the next stage's cells in the paper (arXiv 1712.00559, table 1), as recalled.
PAPER = "paper, b = 1, then 2-4: 0.11-0.20, then 0.40-0.53; its best, the MLP ensemble, 0.53, 0.50, 0.47"


class Table(NamedTuple):
    """Cells of one space with their rewards."""

    name: str
    space: SlotSpace
    cells: list[Cell]
    rewards: NDArray[np.float64]


class Step(NamedTuple):
    """Cells to learn from, and cells one block larger to rank."""

    tokens: Tokens
    rewards: NDArray[np.float64]
    ranked: Tokens
    truth: NDArray[np.float64]


class Outcome(NamedTuple):
    """One predictor on one step with one seed."""

    spearman: float
    kendall: float
    interval: str
    overlap: float
    seconds: float


# -- tables --------------------------------------------------------------------------------------------------


def read_table(path: Path) -> Table:
    """The rewarded cells of a CSV file."""
    with path.open(newline="") as lines:
        header = next(csv.reader(lines), [])
        if {"cell", "reward"} <= set(header) and "stage" not in header:
            rows = list(csv.DictReader(lines, header))
            pairs = [(Cell.parse(row["cell"]), float(row["reward"])) for row in rows]
        else:
            pairs = [(row.cell, row.reward) for row in read_scores(path) if row.reward is not None]
    cells = [cell for cell, _ in pairs]
    return Table(path.stem, space_of(cells), cells, np.array([reward for _, reward in pairs]))


def space_of(cells: Sequence[Cell]) -> SlotSpace:
    """The smallest space that all of ``cells`` belong to."""
    B = max(map(len, cells))
    if len(cells[0].blocks[0]) != 4:
        return NASBench201Space(B)
    operators = sorted(
        {str(value) for cell in cells for block in cell.blocks for value in block[1::2]}
    )
    inputs = [
        value
        for cell in cells
        for block in cell.blocks
        for value in block[::2]
        if isinstance(value, int)
    ]
    return StateSpace(B, operators, min(inputs))


def read_nasbench201(path: Path, column: str) -> Table:
    """All cells of 1 to 3 nodes, rewarded by ``column`` (in %)."""
    with np.load(path) as arrays:
        names = arrays["op_names"].tolist()
        found = dict(
            zip(map(tuple, arrays["ops"].tolist()), (arrays[column] / 100).tolist(), strict=True)
        )
    space = NASBench201Space(3)
    cells = [
        cell for b in (1, 2, 3) for tokens in space.iter_cells(b) for cell in space.decode(tokens)
    ]
    rewards = [
        found[tuple(names.index(operator) for operator in full_cell(cell))] for cell in cells
    ]
    return Table(f"NAS-Bench-201, {column}", space, cells, np.array(rewards))


def step_of(table: Table, b: int, learn: int, rank: int, seed: int) -> Step:
    """Cells up to ``b`` blocks, and those of ``b + 1``; at most ``learn`` a size and ``rank``, drawn by ``seed``."""
    rng = np.random.default_rng(seed)
    sizes = np.array([len(cell) for cell in table.cells])
    chosen = [
        np.sort(rng.permutation(np.flatnonzero(sizes == size))[:learn]) for size in range(1, b + 1)
    ]
    known = np.concatenate(chosen)
    ranked = np.sort(rng.permutation(np.flatnonzero(sizes == b + 1))[:rank])
    tokens = [table.space.encode([table.cells[row] for row in rows]) for rows in (known, ranked)]
    return Step(tokens[0], table.rewards[known], tokens[1], table.rewards[ranked])


# -- predictors ----------------------------------------------------------------------------------------------


def predictions(table: Table, name: str, step: Step, b: int, seed: int) -> NDArray[np.float32]:
    """What the predictor called ``name`` says of the step's larger cells."""
    if name == BASELINE:
        return forest(table, step, seed)
    predictor = make_predictor(table.space, spec_of(name))
    predictor.fit(step.tokens, step.rewards.tolist(), b, seed)
    return predictor.predict(step.ranked)


def spec_of(name: str) -> ControllerSpec:
    """``mlp_ensemble``, ``mlp:ranking`` (a loss) or ``unlike:gp+mlp`` (parts)."""
    base, _, option = name.partition(":")
    spec = ControllerSpec.named(base)
    if not option:
        return spec
    return (
        replace(spec, parts=option.split("+")) if base == "unlike" else replace(spec, loss=option)
    )


def forest(table: Table, step: Step, seed: int) -> NDArray[np.float32]:
    """The plainest thing that works: a random forest on how often each operator occurs."""
    from sklearn.ensemble import RandomForestRegressor

    graph = CellGraph(Layout.of(table.space))
    model = RandomForestRegressor(300, random_state=seed).fit(
        graph.operator_counts(step.tokens), step.rewards
    )
    return np.asarray(model.predict(graph.operator_counts(step.ranked)), np.float32)


def outcome(table: Table, name: str, step: Step, b: int, K: int, seed: int) -> Outcome:
    """Fit, rank, and compare with the truth."""
    started = time.perf_counter()
    predicted = predictions(table, name, step, b, seed).tolist()
    seconds = time.perf_counter() - started
    truth = step.truth.tolist()
    found = rank_agreement(predicted, truth, seed, resamples=200 if seed == 0 else 0)
    low, high = (found[f"spearman_{end}"] for end in ("low", "high"))
    interval = "-" if low is None or high is None else f"{low:.2f} to {high:.2f}"
    correlations = [found[key] for key in ("spearman", "kendall")]
    spearman, kendall = (
        0.0 if value is None else value for value in correlations
    )  # a constant ranks nothing
    return Outcome(spearman, kendall, interval, top_overlap(predicted, truth, K), seconds)


# -- report --------------------------------------------------------------------------------------------------


def report(table: Table, names: Sequence[str], settings: argparse.Namespace) -> None:
    """One Markdown table a step."""
    for b in range(1, table.space.B):
        steps = [
            step_of(table, b, settings.learn, settings.rank, seed) for seed in range(settings.seeds)
        ]
        learned = len(steps[0].tokens)
        ranked = len(steps[0].ranked)
        print(f"{table.name}: {learned} cells of up to {b} blocks -> {ranked} of {b + 1}\n")
        rows = []
        for name in names:
            progress(f"{table.name}, b = {b}: {name}")
            outcomes = [
                outcome(table, name, step, b, settings.top, seed) for seed, step in enumerate(steps)
            ]
            rows.append([name, *_row(outcomes)])
        header = [
            "predictor",
            "Spearman",
            "interval",
            "Kendall",
            f"best {settings.top} found",
            "fit and rank, s",
        ]
        print_table(header, rows)


def _row(outcomes: Sequence[Outcome]) -> list[str]:
    spearman, kendall, overlap, seconds = (
        [getattr(outcome, field) for outcome in outcomes]
        for field in ("spearman", "kendall", "overlap", "seconds")
    )
    return [
        mean_sd(spearman),
        outcomes[0].interval,
        mean_sd(kendall),
        mean_sd(overlap),
        f"{np.median(seconds):.2f}",
    ]


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tables", nargs="*", type=Path, default=[], help="CSV files of cells and rewards"
    )
    parser.add_argument(
        "--nasbench201", type=Path, help="an .npz of NAS-Bench-201: ops, op_names, accuracies in %%"
    )
    parser.add_argument(
        "--column", default="c10_valid_200_naswot", help="its column that rewards are taken from"
    )
    parser.add_argument("--only", nargs="*", default=list(PREDICTORS), help="predictors to compare")
    parser.add_argument("--seeds", type=int, default=10, help="fits of each predictor")
    parser.add_argument(
        "--learn",
        type=int,
        default=100_000,
        help="at most so many cells of each size are learned from",
    )
    parser.add_argument("--rank", type=int, default=1000, help="at most so many cells are ranked")
    parser.add_argument("--top", type=int, default=16, help="K of the top-K overlap")
    settings = parser.parse_args()
    if not settings.tables and settings.nasbench201 is None:
        parser.error("name a table: --tables or --nasbench201")
    return settings


def main() -> None:
    settings = parsed()
    tables = [read_table(path) for path in settings.tables]
    if settings.nasbench201 is not None:
        tables.append(read_nasbench201(settings.nasbench201, settings.column))
    for table in tables:
        report(table, settings.only, settings)
    print(PAPER)
    print_machine("scikit-learn", "lightgbm", "tensorflow")


if __name__ == "__main__":
    main()
