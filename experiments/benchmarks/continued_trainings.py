"""Short trainings by themselves or continued: what they tell of a cell, and what a promotion costs.

    python experiments/benchmarks/continued_trainings.py experiments/tables/digits.yaml --cells 60

Random cells of the table are trained briefly in both ways of ``search.rung_training`` and, with the
schedule of the continued ones, whole. Printed are Spearman's correlations of their signals with the
mean reward of the cell in the table, whose trainings followed a cosine. A line of results is kept
in ``--results`` as each cell ends; the same command goes on from there.
"""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from common import make_parser, print_machine, print_table, progress
from scipy.stats import norm, rankdata, spearmanr

from pnas.children import NetworkManager, PNASNetworkSpec, SearchTrainerSpec
from pnas.children.child_trainer import beginning
from pnas.data import DigitsSpec, load_dataset
from pnas.records import ChildResult
from pnas.seeds import derive_seed
from pnas.state_space import Cell
from pnas.tables import Table, load_table

RUNGS = (2, 5, 12)
"""Epochs of short trainings; a whole one has 25."""

Row = dict[str, Any]


def train_cell(anew: NetworkManager, continued: NetworkManager, cell: Cell, seed: int) -> Row:
    """Return what each training of ``cell`` shows."""
    row: Row = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kept.npz"
        for epochs in RUNGS:
            alone = anew.evaluate(cell, derive_seed(seed, f"{epochs} epochs"), epochs=epochs)
            row[f"anew {epochs}"] = shown(alone)
            going_on = continued.evaluate(cell, seed, epochs=epochs, kept_path=path)
            row[f"continued {epochs}"] = shown(going_on)
        row["continued whole"] = shown(continued.evaluate(cell, seed, kept_path=path))
    return row


def shown(result: ChildResult) -> list[float]:
    """Return reward and mean training loss of a training."""
    reward = result.reward
    if reward is None:
        reward = result.metrics["short_reward"][0]
    losses = result.metrics["loss"]
    return [reward, sum(losses) / len(losses)]


def measured(args: Any, table: Table) -> list[tuple[Cell, Row]]:
    """Return the rows of all cells; those that ``args.results`` lacks are trained."""
    trainer = SearchTrainerSpec()
    dataset = load_dataset(DigitsSpec())
    network = PNASNetworkSpec()
    anew = NetworkManager(dataset, network=network, trainer=trainer)
    wsd = replace(trainer, schedule="wsd", decay_share=args.decay_share)
    continued = NetworkManager(dataset, network=network, trainer=wsd)

    known: dict[str, Row] = {}
    if args.results.is_file():
        known = dict(json.loads(line) for line in args.results.read_text().splitlines())
    generator = np.random.default_rng(0)
    cells: list[Cell] = []
    for tokens in table.space.iter_cells(2):
        cells += table.space.decode(tokens)
    chosen = generator.choice(len(cells), args.cells, replace=False)
    rows = []
    for index in chosen:
        cell = cells[index]
        text = str(cell)
        if text not in known:
            known[text] = train_cell(anew, continued, cell, derive_seed(0, text))
            with args.results.open("a") as file:
                file.write(json.dumps([text, known[text]]) + "\n")
            progress(f"{len(rows) + 1} of {args.cells} cells")
        rows.append((cell, known[text]))
    return rows


def show(rows: list[tuple[Cell, Row]], table: Table, decay_share: float) -> None:
    """Print what the trainings of each length tell, and what they cost."""
    wsd = SearchTrainerSpec(schedule="wsd", decay_share=decay_share)
    means = [table.row(cell).mean for cell, _ in rows]
    lines: list[list[object]] = []
    continued = 0
    for epochs in RUNGS:
        told = correlations(rows, f"anew {epochs}", means)
        lines.append(["anew", epochs, *told, epochs, wsd.epochs])

        told = correlations(rows, f"continued {epochs}", means)
        trained = epochs - continued
        continued = beginning(wsd, epochs).stable_epochs
        lines.append(["continued", epochs, *told, trained, wsd.epochs - continued])

    whole = [row["continued whole"][0] for _, row in rows]
    lines.append(["wsd", "whole", rho(whole, means), "", "", "", ""])
    header = (
        "way",
        "epochs",
        "accuracy",
        "loss",
        "one to three",
        "epochs trained",
        "to a whole one",
    )
    print_table(header, lines)

    first = [table.row(cell).rewards[0] for cell, _ in rows]
    others = [np.mean(table.row(cell).rewards[1:]) for cell, _ in rows]
    print(f"{len(rows)} cells; one cosine with others: {rho(first, others)}")
    print(f"mean reward: cosine {np.mean(means):.4f}, wsd {np.mean(whole):.4f}")
    print_machine("tensorflow", "keras")


def correlations(rows: list[tuple[Cell, Row]], training: str, means: list[float]) -> list[str]:
    """Return how accuracy, loss, and both as one to three rank the cells."""
    values = np.array([row[training] for _, row in rows])
    accuracy = _scores(values[:, 0])
    loss = _scores(-values[:, 1])
    return [rho(signal, means) for signal in (accuracy, loss, accuracy + 3 * loss)]


def rho(values: Any, rewards: Any) -> str:
    """Return Spearman's correlation."""
    return f"{spearmanr(values, rewards)[0]:.2f}"


def _scores(values: Any) -> Any:
    """Return the quantiles of the normal distribution at the ranks of ``values``."""
    return norm.ppf((rankdata(values) - 0.5) / len(values))


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("table", help="file of the table")
    parser.add_argument("--cells", type=int, default=60, help="random cells of two blocks")
    parser.add_argument("--decay-share", type=float, default=0.2, help="of trainer.schedule=wsd")
    parser.add_argument("--results", type=Path, default=Path("continued_trainings.jsonl"))
    args = parser.parse_args()
    table = load_table(args.table)
    show(measured(args, table), table, args.decay_share)


if __name__ == "__main__":
    main()
