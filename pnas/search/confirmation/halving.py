"""Successive halving (Karnin et al., 2013; Jamieson and Talwalkar, 2016) of a few finalists.

In each round every cell that is left is trained as often as the others, then the worse half by
their own means is dropped; the rounds share the trainings equally. Eight cells and 26 trainings:

| round | cells | trainings each | in all |
|---|---|---|---|
| 1 | 8 | 1 | 8 |
| 2 | 4 | 2 | 8 |
| 3 | 2 | 5 | 10 |
"""

MOST_FINALISTS = 8
"""More than 8 of the best predicted cells did not pay."""


def num_finalists(trainings: int, cells: int) -> int:
    """Return how many cells can be trained again at least once in every round that they are in.

    Args:
        trainings: Number of trainings there are.
        cells: Number of cells there are.

    Returns:
        A number from 2 to 8; 0 if there are too few trainings or cells to compare two.
    """
    for finalists in range(min(MOST_FINALISTS, cells), 1, -1):
        sizes = round_sizes(finalists)
        if trainings >= finalists * len(sizes):
            return finalists
    return 0


def round_sizes(finalists: int) -> list[int]:
    """Return the number of cells of each round, from all of them to the last two."""
    sizes = [finalists]
    while sizes[-1] > 2:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


def trainings_each(left: int, sizes: list[int]) -> int:
    """Return how often each cell of the coming round is trained.

    Args:
        left: Number of trainings that are left.
        sizes: Number of cells of the coming round and of those after it.
    """
    return left // len(sizes) // sizes[0]
