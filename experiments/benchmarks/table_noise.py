"""How much of a table's order is luck, and how well a predictor sees through it.

    python experiments/benchmarks/table_noise.py experiments/tables/digits.yaml

Needs a table of cells that were trained at least twice. The first training of each cell is what a search would have
seen; the second tells how good what it chose is. Beside choosing by that reward, a Gaussian process chooses: fitted to
the first trainings of four fifths of the cells, it predicts the last fifth, five times over.
"""

import argparse

import numpy as np
from common import print_machine, print_table
from numpy.typing import NDArray

from pnas.controller import ControllerSpec, make_predictor
from pnas.controller.correlation import spearman
from pnas.state_space import Cell
from pnas.tables import Table, load_table

FOLDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="file of the table, as trainer.table")
    table = load_table(parser.parse_args().table)
    cells, rewards = trainings(table)
    first, second = rewards[:, 0], rewards[:, 1]
    top = max(1, len(cells) // 100)
    luck = np.sqrt(np.mean((first - second) ** 2) / 2)
    between, alike = np.sqrt(rewards.mean(axis=1).var(ddof=1) - luck**2 / 2), np.corrcoef(first, second)[0, 1]
    print(f"{len(cells)} cells; standard deviation of one training around its cell's mean {luck:.4f}")
    print(f"of the cells' means, luck taken out, {between:.4f}; linear correlation {alike:.2f}\n")
    best = set(np.argsort(-rewards.mean(axis=1))[:top].tolist())
    rows = []
    for name, score in (("first training", first), ("gp, unseen cells", unseen(table, cells, first))):
        chosen = np.argsort(-score)[:top]
        share = np.mean([cell in best for cell in chosen.tolist()])
        agreement, trained = spearman(score.tolist(), second.tolist()), rewards[chosen].mean(axis=0)
        rows.append([name, f"{agreement:.2f}", f"{trained[0]:.4f}", f"{trained[1]:.4f}", f"{share:.0%}"])
    header = ["ordered by", "Spearman with the second training", f"best {top}: first training", "second training"]
    print_table([*header, "of them among the best 1 % by mean"], rows)
    both = len(set(np.argsort(-first)[:top].tolist()) & set(np.argsort(-second)[:top].tolist()))
    print(f"Of the best {top} by the first training, {both} are among the best {top} by the second.")
    print_machine("numpy", "scipy")


def trainings(table: Table) -> tuple[list[Cell], NDArray[np.float64]]:
    """Cells that were trained at least twice, with their first two rewards (n, 2)."""
    space = table.space
    cells = [cell for b in range(1, space.B + 1) for tokens in space.iter_cells(b) for cell in space.decode(tokens)]
    rows = [(cell, table.row(cell).rewards) for cell in cells]
    twice = [(cell, rewards[:2]) for cell, rewards in rows if len(rewards) > 1]
    return [cell for cell, _ in twice], np.array([rewards for _, rewards in twice])


def unseen(table: Table, cells: list[Cell], rewards: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a Gaussian process expects of each cell, fitted to others."""
    tokens, expected = table.space.encode(cells), np.zeros(len(cells))
    fold_of = np.random.default_rng(0).permutation(len(cells)) % FOLDS
    for fold in range(FOLDS):
        predictor, seen = make_predictor(table.space, ControllerSpec.named("gp")), fold_of != fold
        predictor.fit(tokens[seen], rewards[seen].tolist(), table.space.B, 0)
        expected[~seen] = predictor.predict(tokens[~seen])
    return expected


if __name__ == "__main__":
    main()
