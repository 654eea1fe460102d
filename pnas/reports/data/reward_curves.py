"""The best reward so far of one search, and its mean over several."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from pnas.reports.data.run_reader import RunView

Points = list[tuple[float, float]]


def best_by_children(run: RunView) -> Points:
    """Return the best reward so far after each child with a reward, counted from 1."""
    return [(float(number), best) for number, (_, best) in enumerate(_best(run), start=1)]


def best_by_time(run: RunView) -> Points:
    """Return the best reward so far by seconds of search."""
    return _best(run)


def _best(run: RunView) -> Points:
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
    start = max(curve[0][0] for curve in known)
    end = min(curve[-1][0] for curve in known)
    places = sorted({x for curve in known for x, _ in curve if start <= x <= end})

    mean = []
    for x in places:
        values = [_value_at(curve, x) for curve in known]
        mean.append((x, sum(values) / len(values)))
    return mean


def _value_at(curve: Points, x: float) -> float:
    place = bisect_right(curve, x, key=lambda point: point[0])
    return curve[max(place, 1) - 1][1]
