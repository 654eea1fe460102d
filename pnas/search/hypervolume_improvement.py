"""Expected hypervolume improvement (EHVI) of candidates whose objectives are independent normals.

    n, m    numbers of candidates and objectives
    f       points of the front (k, m), higher is better everywhere
    r       reference point (m,)
    mean    expected gains of candidates (n, m)
    std     their standard deviations (n, m); 0 where a gain is known

Of two objectives it is exact (Emmerich, Deutz, Klinkenberg, CEC 2011): the plane above the front is
cut into strips along the first objective. Of more, it is an integral over the box above the
reference, of the probability that a candidate reaches a point which the front does not; the
integral is a mean over quasi-random points that are the same for every candidate.
"""

import numpy as np

from pnas.objectives.dominance import Points, non_dominated

_POINTS = 2**12
"""Points of the box above the reference for three and more objectives."""

_REACH = 2.0
"""Standard deviations above the highest expectation at which that box ends."""

_CHUNK = 256
"""Candidates at a time, so that an array of them by points stays below 10 MB."""


def expected_improvement(mean: Points, std: Points, front: Points, reference: Points) -> Points:
    """Return the expected hypervolume improvement of each candidate, (n,)."""
    if mean.shape[1] == 2:
        return _exact(mean, std, front, reference)
    return _by_quadrature(mean, std, front, reference)


def expected_excess(mean: Points, std: Points, level: Points) -> Points:
    """Return E[max(x - level, 0)] of normal x; the arguments are broadcast together."""
    from scipy.special import ndtr

    difference = mean - level
    # Where std is 0 the quotient is infinite or not a number, and not used.
    with np.errstate(divide="ignore", invalid="ignore"):
        z = difference / std
        density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        expected = std * density + difference * ndtr(z)
    return np.where(std > 0, expected, np.maximum(difference, 0.0))


def _exact(mean: Points, std: Points, front: Points, reference: Points) -> Points:
    steps = _strips(front, reference)
    edges = steps[:, 0]
    heights = steps[:, 1]

    # Strip j reaches from edge j to edge j + 1, and the front is heights[j] high there.
    beyond_edge = expected_excess(mean[:, :1], std[:, :1], edges[None, :])
    beyond_next = np.pad(beyond_edge[:, 1:], ((0, 0), (0, 1)))
    width = beyond_edge - beyond_next
    above = expected_excess(mean[:, 1:], std[:, 1:], heights[None, :])
    return (width * above).sum(axis=1)


def _strips(front: Points, reference: Points) -> Points:
    """Return the left edge of each strip and the height of the front over it, (strips, 2)."""
    above = front[(front > reference).all(axis=1)]
    kept = np.unique(above[non_dominated(above)], axis=0)
    edges = np.concatenate([reference[:1], kept[:, 0]])
    heights = np.concatenate([kept[:, 1], reference[1:]])
    return np.stack([edges, heights], axis=1)


def _by_quadrature(mean: Points, std: Points, front: Points, reference: Points) -> Points:
    from scipy.stats import qmc

    top = (mean + _REACH * std).max(axis=0)
    top = np.maximum(top, reference + 1e-12)
    unit = qmc.Sobol(len(reference), seed=0).random(_POINTS)
    points = reference + unit * (top - reference)
    for each in front:
        points = points[~(each >= points).all(axis=1)]

    share = np.empty(len(mean))
    for first in range(0, len(mean), _CHUNK):
        part = slice(first, first + _CHUNK)
        share[part] = _probability(mean[part], std[part], points).sum(axis=1) / _POINTS
    return share * np.prod(top - reference)


def _probability(mean: Points, std: Points, points: Points) -> Points:
    """Return the probability that each candidate is above each point, (n, points)."""
    from scipy.special import ndtr

    probability = np.ones((len(mean), len(points)))
    for objective in range(mean.shape[1]):
        difference = mean[:, objective, None] - points[None, :, objective]
        deviation = std[:, objective, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            reached = ndtr(difference / deviation)
        probability *= np.where(deviation > 0, reached, difference >= 0)
    return probability
