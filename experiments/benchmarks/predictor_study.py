"""How well does each predictor, trained on all cells up to b blocks, rank those of b + 1?

    python experiments/benchmarks/predictor_study.py --nasbench201 nb201.npz --tables digits.csv

A table is a CSV file with columns cell and reward (a search's children.csv is one), or the original
project's train_history.csv; its space is read off its cells. For each table and step it prints,
beside a random forest on operator counts, Spearman's and Kendall's correlation (mean and standard
deviation over seeds, and for the first seed a 95 % bootstrap interval over the cells ranked), the
share of the best K that is among the best K predicted, and the seconds of a fit. --only names what
to compare: mlp, gp, trees, rank_ensemble, ..., or mlp:ranking, rank_ensemble:gp+trees+mlp.
"""

import argparse
import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import (
    all_cells,
    clock,
    make_parser,
    mean_sd,
    print_machine,
    print_table,
    progress,
)
from numpy.typing import NDArray

from pnas.predictors import ControllerSpec, make_predictor, named_spec
from pnas.predictors.paths import CellGraph
from pnas.predictors.rank_metrics import rank_agreement, top_overlap
from pnas.predictors.token_layout import TokenLayout
from pnas.reports.data.ranking_files import read_scores
from pnas.state_space import Cell, NASBench201Space, SlotSpace, StateSpace, Tokens
from pnas.state_space.nasbench201 import full_cell

BASELINE = "forest"
ENSEMBLE = "rank_ensemble"
PREDICTORS = (
    BASELINE,
    "lstm",
    "mlp",
    "lstm_ensemble",
    "mlp_ensemble",
    "mlp:ranking",
    "gp",
    "trees",
    ENSEMBLE,
    f"{ENSEMBLE}:gp+trees+mlp",
)
RESAMPLES = 200
# Mean rank correlation with the next stage's cells in the paper (arXiv 1712.00559, table 1), as
# recalled.
PAPER = (
    "paper, b = 1, then 2-4: 0.11-0.20, then 0.40-0.53; "
    "its best, the MLP ensemble, 0.53, 0.50, 0.47"
)


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


def main() -> None:
    settings = parse_arguments()
    tables = [read_table(path) for path in settings.tables]
    if settings.nasbench201 is not None:
        tables.append(read_nasbench201(settings.nasbench201, settings.column))
    for table in tables:
        for b in range(1, table.space.B):
            report_step(table, b, settings)
    print(PAPER)
    print_machine("scikit-learn", "lightgbm", "tensorflow")


# -- tables ----------------------------------------------------------------------------------------


def read_table(path: Path) -> Table:
    """Read the rewarded cells of a CSV file."""
    with path.open(newline="") as lines:
        header = next(csv.reader(lines), [])
        has_cells = {"cell", "reward"} <= set(header)
        if has_cells and "stage" not in header:
            rows = list(csv.DictReader(lines, header))
            pairs = [(Cell.parse(row["cell"]), float(row["reward"])) for row in rows]
        else:
            pairs = [(row.cell, row.reward) for row in read_scores(path) if row.reward is not None]

    cells = [cell for cell, _ in pairs]
    rewards = np.array([reward for _, reward in pairs])
    return Table(path.stem, smallest_space(cells), cells, rewards)


def smallest_space(cells: Sequence[Cell]) -> SlotSpace:
    """Return the smallest space that all of ``cells`` belong to."""
    B = max(map(len, cells))
    if len(cells[0].blocks[0]) != 4:
        return NASBench201Space(B)

    inputs: set[int] = set()
    operators: set[str] = set()
    for cell in cells:
        for input1, operator1, input2, operator2 in cell.blocks:
            inputs |= {int(input1), int(input2)}
            operators |= {str(operator1), str(operator2)}
    return StateSpace(B, sorted(operators), min(inputs))


def read_nasbench201(path: Path, column: str) -> Table:
    """Read all cells of 1 to 3 nodes, rewarded by ``column`` (in %)."""
    with np.load(path) as arrays:
        names = arrays["op_names"].tolist()
        edges = map(tuple, arrays["ops"].tolist())
        accuracies = (arrays[column] / 100).tolist()
    accuracy_of = dict(zip(edges, accuracies, strict=True))

    space = NASBench201Space(3)
    cells = all_cells(space)
    rewards = []
    for cell in cells:
        operators = tuple(names.index(operator) for operator in full_cell(cell))
        rewards.append(accuracy_of[operators])
    return Table(f"NAS-Bench-201, {column}", space, cells, np.array(rewards))


def make_step(table: Table, b: int, learn: int, rank: int, seed: int) -> Step:
    """Sample cells to learn from and cells to rank.

    Args:
        table: The table.
        b: Largest size that is learned from; cells of ``b + 1`` blocks are ranked.
        learn: Largest number of cells of each size to learn from.
        rank: Largest number of cells to rank.
        seed: Seed of the samples.
    """
    rng = np.random.default_rng(seed)
    sizes = np.array([len(cell) for cell in table.cells])

    def sample(size: int, count: int) -> NDArray[np.intp]:
        rows = np.flatnonzero(sizes == size)
        return np.sort(rng.permutation(rows)[:count])

    known = np.concatenate([sample(size, learn) for size in range(1, b + 1)])
    ranked = sample(b + 1, rank)
    return Step(
        tokens=_encode_rows(table, known),
        rewards=table.rewards[known],
        ranked=_encode_rows(table, ranked),
        truth=table.rewards[ranked],
    )


def _encode_rows(table: Table, rows: NDArray[np.intp]) -> Tokens:
    return table.space.encode([table.cells[row] for row in rows])


# -- predictors ------------------------------------------------------------------------------------


def predict(table: Table, name: str, step: Step, b: int, seed: int) -> NDArray[np.float32]:
    """Return the predictions of the predictor called ``name`` for the step's larger cells."""
    if name == BASELINE:
        return predict_by_forest(table, step, seed)
    predictor = make_predictor(table.space, spec_of(name))
    predictor.fit(step.tokens, step.rewards.tolist(), b, seed)
    return predictor.predict(step.ranked)


def spec_of(name: str) -> ControllerSpec:
    """Return the settings of a name such as ``mlp:ranking`` or ``rank_ensemble:gp+mlp``."""
    base, _, option = name.partition(":")
    spec = named_spec(base)
    if not option:
        return spec
    if base == ENSEMBLE:
        return replace(spec, parts=option.split("+"))
    return replace(spec, loss=option)


def predict_by_forest(table: Table, step: Step, seed: int) -> NDArray[np.float32]:
    """Return the predictions of a random forest on how often each operator occurs."""
    from sklearn.ensemble import RandomForestRegressor

    graph = CellGraph(TokenLayout.of(table.space))
    model = RandomForestRegressor(300, random_state=seed)
    model.fit(graph.operator_counts(step.tokens), step.rewards)
    predicted = model.predict(graph.operator_counts(step.ranked))
    return np.asarray(predicted, np.float32)


def measure(table: Table, name: str, step: Step, b: int, K: int, seed: int) -> Outcome:
    """Fit, rank, and compare with the truth."""
    with clock() as timing:
        predicted = predict(table, name, step, b, seed).tolist()
    truth = step.truth.tolist()
    resamples = RESAMPLES if seed == 0 else 0
    found = rank_agreement(predicted, truth, seed, resamples=resamples)

    low = found["spearman_low"]
    high = found["spearman_high"]
    interval = "-" if low is None or high is None else f"{low:.2f} to {high:.2f}"
    return Outcome(
        # A constant prediction has no rank correlation.
        spearman=found["spearman"] or 0.0,
        kendall=found["kendall"] or 0.0,
        interval=interval,
        overlap=top_overlap(predicted, truth, K),
        seconds=timing.wall,
    )


# -- report ----------------------------------------------------------------------------------------


def report_step(table: Table, b: int, settings: argparse.Namespace) -> None:
    """Print the Markdown table of one step."""
    steps = []
    for seed in range(settings.seeds):
        steps.append(make_step(table, b, settings.learn, settings.rank, seed))
    learned = len(steps[0].tokens)
    ranked = len(steps[0].ranked)
    print(f"{table.name}: {learned} cells of up to {b} blocks -> {ranked} of {b + 1}\n")

    rows = []
    for name in settings.only:
        progress(f"{table.name}, b = {b}: {name}")
        outcomes = []
        for seed, step in enumerate(steps):
            outcomes.append(measure(table, name, step, b, settings.top, seed))
        rows.append([name, *_format_outcomes(outcomes)])
    header = [
        "predictor",
        "Spearman",
        "interval",
        "Kendall",
        f"best {settings.top} found",
        "fit and rank, s",
    ]
    print_table(header, rows)


def _format_outcomes(outcomes: Sequence[Outcome]) -> list[str]:
    seconds = np.median([outcome.seconds for outcome in outcomes])
    return [
        mean_sd([outcome.spearman for outcome in outcomes]),
        outcomes[0].interval,
        mean_sd([outcome.kendall for outcome in outcomes]),
        mean_sd([outcome.overlap for outcome in outcomes]),
        f"{seconds:.2f}",
    ]


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--tables", nargs="*", type=Path, default=[], help="CSV files of cells and rewards")
    add("--nasbench201", type=Path, help="an .npz of NAS-Bench-201: ops, op_names, columns in %%")
    add("--column", default="c10_valid_200_naswot", help="its column that rewards are taken from")
    add("--only", nargs="*", default=list(PREDICTORS), help="predictors to compare")
    add("--seeds", type=int, default=10, help="fits of each predictor")
    add("--learn", type=int, default=100_000, help="largest number of cells a size to learn from")
    add("--rank", type=int, default=1000, help="largest number of cells to rank")
    add("--top", type=int, default=16, help="K of the top-K overlap")
    settings = parser.parse_args()
    if not settings.tables and settings.nasbench201 is None:
        parser.error("name a table: --tables or --nasbench201")
    return settings


if __name__ == "__main__":
    main()
