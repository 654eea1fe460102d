"""How much of a table's order is luck, how well a predictor sees through it, and what it needs to know for that.

    python experiments/benchmarks/table_noise.py experiments/tables/digits.yaml

Needs a table of cells that were trained at least twice. The first training of each cell is what a search would have
seen; the others tell how good what it chose is. Beside choosing by that reward, a Gaussian process chooses: fitted to
the first trainings of four fifths of the cells, it predicts the last fifth, five times over. The next table asks how
far a search can come that chooses by the process: it knows n random cells of full size, and goes down its order of
all others until it meets one of the best 1 % by the mean of all trainings. The last one trains nothing, and takes the
largest first.
"""

import argparse

import numpy as np
from common import mean_sd, print_machine, print_table
from numpy.typing import NDArray

from pnas.predictors import ControllerSpec, make_predictor
from pnas.predictors.rank_correlation import spearman
from pnas.state_space import Cell, SlotSpace
from pnas.tables import Table, load_table

FOLDS = 5
KNOWN = (5, 10, 20, 40, 80, 160, 320)
SEEDS = 50
Rewards = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", help="file of the table, as trainer.table")
    table = load_table(parser.parse_args().table)
    cells, rewards = trainings(table)
    first = rewards[:, 0]
    others = rewards[:, 1:].mean(axis=1)
    show_luck(rewards)
    show_choices(
        {"first training": first, "gp, unseen cells": unseen(table, cells, first)}, rewards
    )
    top, (one, two) = top_count(first), (set(best_of(scores)) for scores in (first, rewards[:, 1]))
    print(
        f"Of the best {top} by the first training, {len(one & two)} are among the best {top} by the second,"
    )
    print(
        f"and {len(one & set(best_of(others)))} among the best {top} by the mean of all others.\n"
    )
    show_knowledge(table.space, cells, rewards)
    show_sizes(table, cells, rewards.mean(axis=1))
    print_machine("numpy", "scipy")


def trainings(table: Table) -> tuple[list[Cell], Rewards]:
    """Cells with as many rewards as any has, at least two: (cells, trainings)."""
    space = table.space
    cells = [
        cell
        for b in range(1, space.B + 1)
        for tokens in space.iter_cells(b)
        for cell in space.decode(tokens)
    ]
    rows = [(cell, table.row(cell).rewards) for cell in cells]
    most = max(2, *(len(rewards) for _, rewards in rows))
    whole = [(cell, rewards) for cell, rewards in rows if len(rewards) == most]
    return [cell for cell, _ in whole], np.array([rewards for _, rewards in whole])


def show_luck(rewards: Rewards) -> None:
    """How far trainings of one cell are apart, and how far cells are."""
    luck = np.sqrt(rewards.var(axis=1, ddof=1).mean())
    between = np.sqrt(rewards.mean(axis=1).var(ddof=1) - luck**2 / rewards.shape[1])
    alike = np.corrcoef(rewards[:, 0], rewards[:, 1])[0, 1]
    print(f"{len(rewards)} cells, {rewards.shape[1]} trainings each")
    print(f"standard deviation of one training around its cell's mean {luck:.4f}")
    print(
        f"of the cells' means, luck taken out, {between:.4f}; linear correlation of two trainings {alike:.2f}\n"
    )


def show_choices(orders: dict[str, Rewards], rewards: Rewards) -> None:
    """How good the best 1 % by each order are in trainings that it has not seen."""
    rows = []
    others = rewards[:, 1:].mean(axis=1)
    best = targets(rewards.mean(axis=1))
    top = top_count(others)
    for name, score in orders.items():
        chosen = best_of(score)
        seen = rewards[chosen, 0].mean()
        unseen_ones = others[chosen].mean()
        agreement = [
            spearman(score.tolist(), truth.tolist()) or 0.0 for truth in (rewards[:, 1], others)
        ]
        share = len(set(chosen) & best) / top
        rows.append(
            [
                name,
                *(f"{x:.2f}" for x in agreement),
                f"{seen:.4f}",
                f"{unseen_ones:.4f}",
                f"{share:.0%}",
            ]
        )
    header = ["ordered by", "Spearman with the second training", "with the mean of all others"]
    header += [f"best {top}: first training", "the others", "of them among the best 1 % by mean"]
    print_table(header, rows)


def unseen(table: Table, cells: list[Cell], rewards: Rewards) -> Rewards:
    """What a Gaussian process expects of each cell, fitted to others."""
    tokens = table.space.encode(cells)
    expected = np.zeros(len(cells))
    fold_of = np.random.default_rng(0).permutation(len(cells)) % FOLDS
    for fold in range(FOLDS):
        predictor = make_predictor(table.space, ControllerSpec.named("gp"))
        seen = fold_of != fold
        predictor.fit(tokens[seen], rewards[seen].tolist(), table.space.B, 0)
        expected[~seen] = predictor.predict(tokens[~seen])
    return expected


def show_knowledge(space: SlotSpace, cells: list[Cell], rewards: Rewards) -> None:
    """Children until one of the best 1 %, for a search that knows n random cells and then trusts the process."""
    best = targets(rewards.mean(axis=1))
    rows = []
    for known in KNOWN:
        hits = [first_hit(space, cells, rewards[:, 0], best, known, seed) for seed in range(SEEDS)]
        rows.append(
            [
                known,
                mean_sd(hits, 0),
                f"{np.median(hits):.0f}",
                f"{np.mean(np.array(hits) <= known):.0%}",
            ]
        )
    print_table(
        ["random cells known", "children to the top 1 %", "median", "one was among the known"], rows
    )


def show_sizes(table: Table, cells: list[Cell], means: Rewards) -> None:
    """What is known before any training: how large a network of each cell is, and what that says of its reward."""
    best = list(targets(means))
    rows = []
    for figure in ("flops", "params"):
        sizes = [getattr(table.row(cell), figure) for cell in cells]
        if None not in sizes:
            places = np.argsort(np.argsort(-np.array(sizes), kind="stable"))
            rows.append(
                [
                    figure,
                    f"{spearman(sizes, means.tolist()) or 0.0:.2f}",
                    int(places[best].min()) + 1,
                ]
            )
    print_table(["largest first, by", "Spearman with the mean", "children to the top 1 %"], rows)


def first_hit(
    space: SlotSpace, cells: list[Cell], rewards: Rewards, best: set[int], known: int, seed: int
) -> int:
    """Place of the first of the ``best``: among the known cells as they were drawn, then in the process's order."""
    full = np.flatnonzero([len(cell) == space.B for cell in cells])
    learned = np.random.default_rng(seed).permutation(full)[:known]
    asked = np.setdiff1d(full, learned)
    tokens = space.encode(cells)
    predictor = make_predictor(space, ControllerSpec.named("gp"))
    predictor.fit(tokens[learned], rewards[learned].tolist(), space.B, seed)
    order = [*learned, *asked[np.argsort(-predictor.predict(tokens[asked]))]]
    return next((place for place, cell in enumerate(order, 1) if cell in best), len(order))


def best_of(scores: Rewards) -> list[int]:
    """The best 1 %."""
    return [int(cell) for cell in np.argsort(-scores)[: top_count(scores)]]


def targets(means: Rewards) -> set[int]:
    """All cells at least as good as the last of the best 1 %, as search_efficiency.py counts them."""
    return set(np.flatnonzero(means >= means[best_of(means)[-1]]).tolist())


def top_count(scores: Rewards) -> int:
    return max(1, len(scores) // 100)


if __name__ == "__main__":
    main()
