"""Short trainings anew or with the weights of the trained parent: what they tell of a cell.

    python experiments/benchmarks/warm_starts.py experiments/tables/digits.yaml --cells 40

Full-size cells of the table, in families of five that extend the same parent (the cell without its
last block). The parent is trained whole, as a progressive search has done by then; each child is
trained briefly with fresh weights and, by the same schedule and seed, with its parent's, in the
ways of ``placed_children.TAKEOVERS``. Printed are Spearman's correlations of what the trainings
show with the mean reward of the cell in the table, 95 % bootstrap intervals over the cells (within
families: over the families), and processor seconds. A line of results is kept in ``--results`` as
each cell ends; the same command, or one with more cells, goes on from there.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from common import all_cells, clock, make_parser, print_machine, print_table, progress
from placed_children import TAKEOVERS, PlacedChild
from training_signals import SIGNALS, Floats, Judge, signals_of

from pnas.children import NetworkManager
from pnas.children.child_trainer import reward_of, shortened
from pnas.children.search_training.fast_loop import train
from pnas.children.tensorflow_runtime import release_memory
from pnas.children.trainer_specs import SearchTrainerSpec
from pnas.data import DigitsSpec, load_dataset
from pnas.seeds import derive_seed
from pnas.state_space import Cell
from pnas.tables import Table, load_table

EPOCHS = (2, 5)
"""Epochs of short trainings; a whole one has 25."""

ANEW = "anew"
WAYS = (ANEW, *TAKEOVERS)

FAMILY = 5
"""Children of one parent."""

Row = dict[str, Any]
Correlations = dict[tuple[str, int], list[Floats]]
"""By way and epochs: those of each signal, each followed by those of its resamples."""


def families(table: Table, cells: int) -> list[tuple[Cell, list[Cell]]]:
    """Return random parents, each with random full-size cells that extend it.

    A larger sample begins with a smaller one.

    Raises:
        SystemExit: The table has fewer families.
    """
    found = defaultdict(list)
    for cell in all_cells(table.space):
        if len(cell) == table.space.B:
            found[str(Cell(cell.blocks[:-1]))].append(cell)
    large = [parent for parent in found if len(found[parent]) >= FAMILY]
    if cells > FAMILY * len(large):
        raise SystemExit(f"--cells: must be at most {FAMILY * len(large)} here; got {cells}")
    generator = np.random.default_rng(0)
    chosen = []
    for index in generator.permutation(len(large))[: -(-cells // FAMILY)]:
        children = found[large[index]]
        sample = generator.choice(len(children), FAMILY, replace=False)
        chosen.append((Cell.parse(large[index]), [children[place] for place in sample]))
    return chosen


def train_family(manager: NetworkManager, parent: Cell, children: list[Cell], file: Path) -> None:
    """Train ``parent`` whole and ``children`` briefly, and add their rows to ``file``."""
    whole = manager.trainer
    seed = derive_seed(0, str(parent))
    with clock() as timing:
        trained = PlacedChild(manager, parent, seed)
        reward = reward_of(train(trained.traced, whole, seed), whole)
    weights = trained.read()
    for child in children:
        row = {"parent": str(parent), "parent's reward": reward, "parent's seconds": timing.cpu}
        row |= train_child(manager, child, weights)
        with file.open("a") as results:
            results.write(json.dumps([str(child), row]) + "\n")


def train_child(manager: NetworkManager, cell: Cell, weights: dict[str, Any]) -> Row:
    """Return what each short training of ``cell`` shows, and its processor seconds."""
    seed = derive_seed(0, str(cell))
    with clock() as timing:
        child = PlacedChild(manager, cell, seed)
        # Functions are traced here, for all ways.
        train(child.traced, shortened(manager.trainer, 1), seed)
    row: Row = {"preparation": timing.cpu}
    for epochs in EPOCHS:
        trainer = shortened(manager.trainer, epochs)
        for way in WAYS:
            with clock() as timing:
                child.traced.restart(seed)
                if way != ANEW:
                    child.take_over(weights, way)
                history = train(child.traced, trainer, seed)
            loss = sum(history["loss"]) / epochs
            row[f"{way} {epochs}"] = [reward_of(history, trainer), loss, timing.cpu]
    del child
    release_memory()
    return row


def measured(args: Any, table: Table) -> list[tuple[Cell, Row]]:
    """Return the rows of all cells; those that ``args.results`` lacks are trained."""
    manager = NetworkManager(load_dataset(DigitsSpec()), trainer=SearchTrainerSpec())
    chosen = families(table, args.cells)
    rows = []
    for number, (parent, children) in enumerate(chosen, start=1):
        known = read_results(args.results)
        missing = [child for child in children if str(child) not in known]
        if missing:
            train_family(manager, parent, missing, args.results)
            progress(f"{number} of {len(chosen)} families")
        known = read_results(args.results)
        rows += [(child, known[str(child)]) for child in children]
    return rows


def read_results(file: Path) -> dict[str, Row]:
    """Return the rows that are known, by cell."""
    if not file.is_file():
        return {}
    return dict(json.loads(line) for line in file.read_text().splitlines())


def show(rows: list[tuple[Cell, Row]], table: Table) -> None:
    """Print what each way tells, what it tells more than the way anew, and what it costs."""
    rewards = np.array([table.row(cell).mean for cell, _ in rows])
    parents = np.array([row["parent's reward"] for _, row in rows])
    judge = Judge(rewards, [row["parent"] for _, row in rows])
    told = {}
    for epochs in EPOCHS:
        for way in WAYS:
            values = np.array([row[f"{way} {epochs}"] for _, row in rows])
            told[way, epochs] = signals_of(values[:, :2], parents, rewards)

    measures = {
        "All cells": judge.overall,
        "Among the best third": judge.among_best,
        "Within families, mean": judge.within_families,
    }
    for title, measure in measures.items():
        correlations = {}
        for key, signals in told.items():
            correlations[key] = [measure(signals[name]) for name in SIGNALS]
        show_measure(title, correlations)
        # All of a family have the same.
        if measure != judge.within_families:
            print(f"the parent's reward, which costs nothing: {interval(measure(parents))}\n")
    show_costs(rows, rewards, parents)


def show_measure(title: str, correlations: Correlations) -> None:
    """Print the correlations of each way, and what they exceed those of the way anew by."""
    header = ("weights", "epochs", *SIGNALS)
    lines = [[*key, *map(interval, values)] for key, values in correlations.items()]
    print(f"{title}:\n")
    print_table(header, lines)

    lines = []
    for (way, epochs), values in correlations.items():
        if way == ANEW:
            continue
        pairs = zip(values, correlations[ANEW, epochs], strict=True)
        lines.append([way, epochs, *(interval(value - anew) for value, anew in pairs)])
    print(f"{title}, less those of the way anew of as many epochs:\n")
    print_table(header, lines)


def interval(values: Floats) -> str:
    """Return the first of ``values`` with the interval of the others, those of resamples."""
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return f"{values[0]:.2f} [{low:.2f}, {high:.2f}]"


def show_costs(rows: list[tuple[Cell, Row]], rewards: Floats, parents: Floats) -> None:
    """Print mean accuracies and processor seconds."""
    lines = []
    for epochs in EPOCHS:
        for way in WAYS:
            values = np.array([row[f"{way} {epochs}"] for _, row in rows])
            accuracy, loss, seconds = values.mean(axis=0)
            lines.append([way, epochs, f"{accuracy:.3f}", f"{loss:.2f}", f"{seconds:.3f}"])
    header = ("weights", "epochs", "mean accuracy", "mean loss", "processor s")
    print_table(header, lines)
    preparation = np.mean([row["preparation"] for _, row in rows])
    whole = np.mean([row["parent's seconds"] for _, row in rows])
    print(f"{len(rows)} cells, mean reward {rewards.mean():.4f}, of parents {parents.mean():.4f}")
    print(f"to build and trace a child {preparation:.2f} s, a whole parent {whole:.2f} s")
    print_machine("tensorflow", "keras")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("table", help="file of the table")
    parser.add_argument("--cells", type=int, default=40, help="full-size cells, in families of 5")
    parser.add_argument("--results", type=Path, default=Path("warm_starts.jsonl"))
    args = parser.parse_args()
    table = load_table(args.table)
    show(measured(args, table), table)


if __name__ == "__main__":
    main()
