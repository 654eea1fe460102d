"""Expected hypervolume improvement (EHVI) of candidates with independent objectives.

    n, m    numbers of candidates and objectives
    f       points of the front (k, m), higher is better everywhere
    r       reference point (m,)
    g       equally likely gains of candidates in one objective, (n, q); q is 1 where it is known

Of two objectives it is exact for these gains (the plane above the front is cut into strips along
the first objective: Emmerich, Deutz, Klinkenberg, CEC 2011). Of more, it is an integral over the
box above the reference, of the probability that a candidate reaches a point which the front does
not; the integral is a mean over quasi-random points that are the same for every candidate. Those
that are compared must have the same box.
"""

from collections.abc import Sequence

import numpy as np

from pnas.objectives.dominance import Points, non_dominated

Gains = Sequence[Points]
"""Equally likely gains of candidates, (n, q), of each objective."""

_POINTS = 2**12
"""Points of the box above the reference for three and more objectives."""

_CHUNK = 512
"""Candidates at a time, so that an array of them, by gains and strips, stays small."""

_CHUNK_OF_POINTS = 64
"""Candidates at a time where they are compared with all points of the box."""


def expected_improvement(
    gains: Gains, front: Points, reference: Points, top: Points | None = None
) -> Points:
    """Return the expected hypervolume improvement of each candidate, (n,).

    Args:
        gains: Equally likely gains of the candidates.
        front: Points of the front, (k, m).
        reference: Reference point, (m,).
        top: `highest_gains` of all candidates that these are compared with; None if they are all.
    """
    if len(gains) == 2:
        return _by_strips(gains, front, reference)
    return _by_quadrature(gains, front, reference, highest_gains(gains) if top is None else top)


def highest_gains(gains: Gains) -> Points:
    """Return the highest gain in each objective, (m,): the top of the box of these candidates."""
    return np.asarray([each.max(initial=-np.inf) for each in gains])


def _by_strips(gains: Gains, front: Points, reference: Points) -> Points:
    steps = _strips(front, reference)
    edges = steps[:, 0]
    heights = steps[:, 1]

    improvement = np.empty(len(gains[0]))
    for first in range(0, len(improvement), _CHUNK):
        part = slice(first, first + _CHUNK)
        # Strip j reaches from edge j to edge j + 1, and the front is heights[j] high there.
        beyond_edge = _expected_excess(gains[0][part], edges)
        beyond_next = np.pad(beyond_edge[:, 1:], ((0, 0), (0, 1)))
        width = beyond_edge - beyond_next
        above = _expected_excess(gains[1][part], heights)
        improvement[part] = (width * above).sum(axis=1)
    return improvement


def _expected_excess(gains: Points, levels: Points) -> Points:
    """Return E[max(gain - level, 0)], (n, levels)."""
    excess = gains[:, :, None] - levels[None, None, :]
    return np.maximum(excess, 0.0).mean(axis=1)


def _strips(front: Points, reference: Points) -> Points:
    """Return the left edge of each strip and the height of the front over it, (strips, 2)."""
    above = front[(front > reference).all(axis=1)]
    kept = np.unique(above[non_dominated(above)], axis=0)
    edges = np.concatenate([reference[:1], kept[:, 0]])
    heights = np.concatenate([kept[:, 1], reference[1:]])
    return np.stack([edges, heights], axis=1)


def _by_quadrature(gains: Gains, front: Points, reference: Points, top: Points) -> Points:
    from scipy.stats import qmc

    top = np.maximum(top, reference + 1e-12)
    unit = qmc.Sobol(len(reference), seed=0).random(_POINTS)
    points = reference + unit * (top - reference)
    for each in front:
        points = points[~(each >= points).all(axis=1)]

    share = np.empty(len(gains[0]))
    for first in range(0, len(share), _CHUNK_OF_POINTS):
        part = slice(first, first + _CHUNK_OF_POINTS)
        share[part] = _probability([each[part] for each in gains], points).sum(axis=1) / _POINTS
    return share * np.prod(top - reference)


def _probability(gains: Gains, points: Points) -> Points:
    """Return the probability that each candidate is above each point, (n, points)."""
    probability = np.ones((len(gains[0]), len(points)))
    for objective, each in enumerate(gains):
        is_above = each[:, :, None] >= points[None, None, :, objective]
        probability *= is_above.mean(axis=1)
    return probability
