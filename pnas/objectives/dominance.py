"""Dominance, fronts and hypervolume of points whose every coordinate is to be high.

A point dominates another one if it is nowhere lower and somewhere higher, so that equal points do
not dominate each other. The library moocore does the work; it is imported when it is first needed.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Points by row, (n, objectives)."""


def non_dominated(points: Points) -> NDArray[np.bool_]:
    """Return which of ``points`` no other one dominates, (n,)."""
    if not len(points):
        return np.zeros(0, bool)
    from moocore import is_nondominated

    return np.asarray(is_nondominated(points, maximise=True, keep_weakly=True))


def ranks(points: Points) -> NDArray[np.int64]:
    """Return the rank of each point, (n,).

    Rank 0 are the non-dominated points, rank 1 those that are so without rank 0, and so on.
    """
    if not len(points):
        return np.zeros(0, np.int64)
    from moocore import pareto_rank

    return np.asarray(pareto_rank(points, maximise=True), np.int64)


def hypervolume(points: Points, reference: Points) -> float:
    """Return the volume between ``reference``, (objectives,), and the front of ``points``."""
    above = points[(points > reference).all(axis=1)]
    if not len(above):
        return 0.0
    from moocore import hypervolume as volume

    return float(volume(above, ref=reference, maximise=True))


def crowding_distances(points: Points) -> Points:
    """Return how lonely each point is among ``points`` of one rank, (n,).

    The sum over objectives of the distance between its two neighbours, as a share of the range of
    the objective (Deb et al., NSGA-II, section III.B); infinite at the ends.
    """
    distances = np.zeros(len(points))
    for column in points.T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        width = ordered[-1] - ordered[0]
        distances[order[[0, -1]]] = np.inf
        if width > 0:
            distances[order[1:-1]] += (ordered[2:] - ordered[:-2]) / width
    return distances


def best_first(points: Points) -> NDArray[np.intp]:
    """Return the rows by rank, and the loneliest first within a rank (NSGA-II's order), (n,)."""
    rank = ranks(points)
    crowding = np.zeros(len(points))
    for each in np.unique(rank):
        of_rank = rank == each
        crowding[of_rank] = crowding_distances(points[of_rank])
    return np.lexsort((-crowding, rank))
