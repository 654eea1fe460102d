"""How noisy is a table's order, how well does a predictor see through it, and after how many cells?

    python experiments/benchmarks/table_noise.py experiments/tables/digits.yaml

Needs a table of cells that were trained at least twice. The first training of each cell is what a
search would have seen; the others tell how good what it chose is. Beside choosing by that reward, a
Gaussian process chooses: fitted to the first trainings of four fifths of the cells, it predicts the
last fifth, five times over. The next table asks how far a search can come that chooses by the GP:
it knows n random cells of full size, and goes down its order of all others until it meets one of
the best 1 % by the mean of all trainings. The last one trains nothing, and takes the largest first.
"""

import numpy as np
from common import all_cells, make_parser, mean_sd, print_machine, print_table
from numpy.typing import NDArray

from pnas.predictors import make_predictor, named_spec
from pnas.predictors.rank_correlation import spearman
from pnas.state_space import Cell, SlotSpace
from pnas.tables import Table, load_table

FOLDS = 5
KNOWN = (5, 10, 20, 40, 80, 160, 320)
TOP = 100
"""The best 1 in so many cells."""

Rewards = NDArray[np.float64]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("table", help="file of the table, as trainer.table")
    parser.add_argument("--seeds", type=int, default=50, help="samples of known cells")
    parser.add_argument("--known", type=int, nargs="*", default=list(KNOWN), help="cells known")
    arguments = parser.parse_args()

    table = load_table(arguments.table)
    cells, rewards = read_trainings(table)
    first = rewards[:, 0]
    show_noise(rewards)
    orders = {
        "first training": first,
        "gp, unseen cells": predict_unseen(table.space, cells, first),
    }
    show_choices(orders, rewards)
    show_overlap(rewards)
    show_knowledge(table.space, cells, rewards, arguments.known, arguments.seeds)
    show_sizes(table, cells, rewards.mean(axis=1))
    print_machine("numpy", "scipy")


def read_trainings(table: Table) -> tuple[list[Cell], Rewards]:
    """Return the cells with as many rewards as any has, and these: shape (cells, trainings)."""
    rewards_of = {cell: table.row(cell).rewards for cell in all_cells(table.space)}
    most = max(map(len, rewards_of.values()))
    whole = {cell: rewards for cell, rewards in rewards_of.items() if len(rewards) == max(2, most)}
    return list(whole), np.array(list(whole.values()))


# -- noise -----------------------------------------------------------------------------------------


def show_noise(rewards: Rewards) -> None:
    """Print how far trainings of one cell are apart, and how far cells are."""
    count, trainings = rewards.shape
    noise_variance = rewards.var(axis=1, ddof=1).mean()
    variance_of_means = rewards.mean(axis=1).var(ddof=1)
    between = np.sqrt(variance_of_means - noise_variance / trainings)
    correlation = np.corrcoef(rewards[:, 0], rewards[:, 1])[0, 1]

    print(f"{count} cells, {trainings} trainings each")
    noise = np.sqrt(noise_variance)
    print(f"standard deviation of one training around its cell's mean {noise:.4f}")
    alike = f"linear correlation of two trainings {correlation:.2f}"
    print(f"of the cells' means, noise taken out, {between:.4f}; {alike}\n")


def show_choices(orders: dict[str, Rewards], rewards: Rewards) -> None:
    """Print how good the best 1 % by each order are in trainings that it has not seen."""
    second = rewards[:, 1]
    others = rewards[:, 1:].mean(axis=1)
    best = best_by_mean(rewards)
    top = top_count(others)
    rows = []
    for name, scores in orders.items():
        chosen = best_of(scores)
        share = len(set(chosen) & best) / top
        rows.append(
            [
                name,
                f"{correlate(scores, second):.2f}",
                f"{correlate(scores, others):.2f}",
                f"{rewards[chosen, 0].mean():.4f}",
                f"{others[chosen].mean():.4f}",
                f"{share:.0%}",
            ]
        )
    header = [
        "ordered by",
        "Spearman with the second training",
        "with the mean of all others",
        f"best {top}: first training",
        "the others",
        "of them among the best 1 % by mean",
    ]
    print_table(header, rows)


def show_overlap(rewards: Rewards) -> None:
    """Print how many of the best by the first training are the best by others."""
    first = set(best_of(rewards[:, 0]))
    second = set(best_of(rewards[:, 1]))
    others = set(best_of(rewards[:, 1:].mean(axis=1)))
    top = len(first)
    in_second = len(first & second)
    in_others = len(first & others)
    print(f"Of the best {top} by the first training, {in_second} are among the best {top} by the")
    print(f"second, and {in_others} among the best {top} by the mean of all others.\n")


def predict_unseen(space: SlotSpace, cells: list[Cell], rewards: Rewards) -> Rewards:
    """Return what a Gaussian process expects of each cell, fitted to four fifths of the others."""
    tokens = space.encode(cells)
    expected = np.zeros(len(cells))
    fold_of = np.random.default_rng(0).permutation(len(cells)) % FOLDS
    for fold in range(FOLDS):
        is_seen = fold_of != fold
        predictor = make_predictor(space, named_spec("gp"))
        predictor.fit(tokens[is_seen], rewards[is_seen].tolist(), space.B, 0)
        expected[~is_seen] = predictor.predict(tokens[~is_seen])
    return expected


# -- knowledge -------------------------------------------------------------------------------------


def show_knowledge(
    space: SlotSpace, cells: list[Cell], rewards: Rewards, known_counts: list[int], seeds: int
) -> None:
    """Print the children until one of the best 1 %, for a search that knows n random cells."""
    best = best_by_mean(rewards)
    rows = []
    for known in known_counts:
        hits = []
        for seed in range(seeds):
            order = order_by_gp(space, cells, rewards[:, 0], known, seed)
            hits.append(first_hit(order, best))
        was_known = np.mean(np.array(hits) <= known)
        rows.append([known, mean_sd(hits, 0), f"{np.median(hits):.0f}", f"{was_known:.0%}"])
    header = [
        "random cells known",
        "children to the top 1 %",
        "median",
        "one was among the known",
    ]
    print_table(header, rows)


def order_by_gp(
    space: SlotSpace, cells: list[Cell], rewards: Rewards, known: int, seed: int
) -> list[int]:
    """Return the cells of full size: the known ones as sampled, then in the GP's order."""
    full = np.flatnonzero([len(cell) == space.B for cell in cells])
    learned = np.random.default_rng(seed).permutation(full)[:known]
    candidates = np.setdiff1d(full, learned)

    tokens = space.encode(cells)
    predictor = make_predictor(space, named_spec("gp"))
    predictor.fit(tokens[learned], rewards[learned].tolist(), space.B, seed)
    predicted = predictor.predict(tokens[candidates])
    return [*learned, *candidates[np.argsort(-predicted)]]


def first_hit(order: list[int], best: set[int]) -> int:
    """Return the place of the first of the ``best``, counted from 1; the last if there is none."""
    for place, cell in enumerate(order, start=1):
        if cell in best:
            return place
    return len(order)


def show_sizes(table: Table, cells: list[Cell], means: Rewards) -> None:
    """Print what the size of each cell's network, known before any training, says of its reward."""
    best = list(_at_least_as_good_as_the_top(means))
    rows = []
    for figure in ("flops", "params"):
        sizes = [getattr(table.row(cell), figure) for cell in cells]
        if None in sizes:
            continue
        largest_first = np.argsort(-np.array(sizes), kind="stable")
        places = np.argsort(largest_first)
        hit = int(places[best].min()) + 1
        rows.append([figure, f"{correlate(np.array(sizes), means):.2f}", hit])
    print_table(["largest first, by", "Spearman with the mean", "children to the top 1 %"], rows)


# -- the best 1 % ----------------------------------------------------------------------------------


def best_of(scores: Rewards) -> list[int]:
    """Return the best 1 %, best first."""
    return np.argsort(-scores)[: top_count(scores)].tolist()


def best_by_mean(rewards: Rewards) -> set[int]:
    """Return the best 1 % by the mean of all trainings, ties included."""
    return _at_least_as_good_as_the_top(rewards.mean(axis=1))


def _at_least_as_good_as_the_top(means: Rewards) -> set[int]:
    """Return all cells at least as good as the last of the best 1 %.

    So search_efficiency.py counts them.
    """
    limit = means[best_of(means)[-1]]
    return set(np.flatnonzero(means >= limit).tolist())


def top_count(scores: Rewards) -> int:
    return max(1, len(scores) // TOP)


def correlate(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    """Return Spearman's correlation; 0 for a constant."""
    return spearman(one.tolist(), other.tolist()) or 0.0


if __name__ == "__main__":
    main()
