"""The best reward so far of one search, and its mean over several."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from statistics import mean

from pnas.reports.data.run_view import RunView

Points = list[tuple[float, float]]


def best_by_children(run: RunView) -> Points:
    """Return the best reward so far after each child with a reward, counted from 1."""
    points = []
    for number, (_, best) in enumerate(best_by_time(run), start=1):
        points.append((float(number), best))
    return points


def best_by_time(run: RunView) -> Points:
    """Return the best reward so far by seconds of search."""
    times = []
    rewards = []
    for child in run.ended:
        if child.reward is not None:
            times.append(run.elapsed(child.ended_at or 0.0))
            rewards.append(child.reward)
    return list(zip(times, accumulate(rewards, max), strict=True))


def mean_curve(curves: Sequence[Points]) -> Points:
    """Return the mean of several step curves, where all of them are defined.

    Args:
        curves: Points (x, y) by ascending x; a curve keeps its y up to its next x.
    """
    known = [curve for curve in curves if curve]
    if not known:
        return []
    start = max(_first_x(curve) for curve in known)
    end = min(_last_x(curve) for curve in known)
    places = set()
    for curve in known:
        for x, _ in curve:
            if start <= x <= end:
                places.add(x)

    points = []
    for x in sorted(places):
        values = [_value_at(curve, x) for curve in known]
        points.append((x, mean(values)))
    return points


def _first_x(curve: Points) -> float:
    return curve[0][0]


def _last_x(curve: Points) -> float:
    return curve[-1][0]


def _value_at(curve: Points, x: float) -> float:
    """Return the value of the last point at or before ``x``, which is not before the first."""
    place = bisect_right(curve, x, key=lambda point: point[0])
    _, value = curve[place - 1]
    return value
