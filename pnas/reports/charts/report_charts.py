"""The plots of a report: rewards over children and time, predictions against rewards, where the time went."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from markupsafe import Markup

from pnas.records import ChildRecord, Status
from pnas.reports.cells.palette import run_colour
from pnas.reports.charts.figure_style import INK, MUTED, stage_colour, stage_mark
from pnas.reports.charts.svg_plot import Plot, element, limits_of, mark
from pnas.reports.data.outliers import outliers_below
from pnas.reports.data.run_reader import RunView, side_by_side, span_of

_MOST_LANES = 64
_LINE = {"stroke_linecap": "round", "stroke_linejoin": "round"}


@dataclass(frozen=True)
class Curve:
    """One run's line in a plot of several: its name, its number (which decides its colour), and its points."""

    name: str
    index: int
    points: Sequence[tuple[float, float]]


def rewards_by_child(run: RunView, run_index: int = 0) -> Markup:
    """Each child's reward by its place in the search, and the best so far."""
    places = {child.id: number for number, child in enumerate(run.children, start=1)}
    return _rewards(
        run, run_index, lambda child: places[child.id], "children, in the order asked for"
    )


def rewards_by_time(run: RunView, run_index: int = 0) -> Markup:
    """Each child's reward by the time at which it was known."""
    unit, seconds = _unit(run)
    return _rewards(
        run,
        run_index,
        lambda child: run.elapsed(child.ended_at or 0.0) / seconds,
        f"{unit} of search",
    )


def _rewards(
    run: RunView, run_index: int, place: Callable[[ChildRecord], float], x_label: str
) -> Markup:
    indices = {child.id: index for index, child in enumerate(run.children)}
    ended = sorted(run.ended, key=place)
    known = [(place(child), child.reward, child) for child in ended if child.reward is not None]
    low = outliers_below([reward for _, reward, _ in known])
    x = (0.0, max(1e-9, *(place(child) for child in ended)) if ended else 1.0)
    plot = Plot(
        x,
        limits_of([r for _, r, _ in known if r not in low]),
        x_label,
        "reward",
        f"reward by {x_label}",
    )
    for at, reward, child in known:
        shape = "v" if reward in low else stage_mark(child.b)
        plot.add(
            _child_mark(
                plot, shape, at, reward, child.b, f"{run_index}:{indices[child.id]}", len(known)
            )
        )
    for child in ended:
        if child.status is Status.FAILED:
            reference = f"{run_index}:{indices[child.id]}"
            place_x = plot.at_x(place(child))
            floor = plot.at_y(plot.y[0])
            plot.add(mark("X", place_x, floor, 4.0, stroke=INK, stroke_width=1.5, data_c=reference))
    best = list(accumulate((reward for _, reward, _ in known), max))
    steps = [(at, value) for (at, _, _), value in zip(known, best, strict=True)]
    plot.steps(
        [*steps, (x[1], best[-1])] if best else [],
        stroke=INK,
        stroke_width=1.5,
        pointer_events="none",
    )
    return plot.svg()


def _child_mark(
    plot: Plot, shape: str, x: float, y: float, stage: int, reference: str, crowd: int
) -> Markup:
    size = 4.0 if crowd < 150 else 3.0 if crowd < 500 else 2.2
    look = (
        {"stroke": stage_colour(stage)}
        if shape in "PX"
        else {"fill": stage_colour(stage), "fill_opacity": 0.75}
    )
    return mark(shape, plot.at_x(x), plot.at_y(y), size, data_c=reference, **look)


def predictions(run: RunView, stage: int, run_index: int = 0) -> Markup:
    """Rewards of one stage's children against what was predicted of them before; on the line both are equal."""
    children = [(i, child) for i, child in enumerate(run.children) if child.b == stage]
    pairs = [
        (c.predicted, c.reward, i)
        for i, c in children
        if c.predicted is not None and c.reward is not None
    ]
    low = outliers_below([reward for _, reward, _ in pairs])
    kept = [reward for _, reward, _ in pairs if reward not in low]
    x = limits_of([predicted for predicted, _, _ in pairs])
    y = limits_of(kept)
    plot = Plot(
        x,
        y,
        "predicted before training",
        "reward",
        f"rewards against predictions, stage {stage}",
        height=260,
    )
    start = max(x[0], y[0])
    end = min(x[1], y[1])
    if start < end:
        plot.line([(start, start), (end, end)], stroke=MUTED, stroke_dasharray="5 4")
    for predicted, reward, index in pairs:
        shape = "v" if reward in low else stage_mark(stage)
        plot.add(
            _child_mark(plot, shape, predicted, reward, stage, f"{run_index}:{index}", len(pairs))
        )
    return plot.svg()


def worker_lanes(run: RunView, run_index: int = 0) -> Markup | None:
    """Which children were trained side by side when; the gaps are learning, scoring and waiting.

    None where nothing is known of it, or where more than 64 workers were busy at once.
    """
    placed = side_by_side(run.children)
    lanes = 1 + max((lane for lane, _ in placed), default=-1)
    if not 0 < lanes <= _MOST_LANES:
        return None
    indices = {child.id: index for index, child in enumerate(run.children)}
    unit, seconds = _unit(run)
    end = max(run.elapsed(child.ended_at or 0.0) for _, child in placed) / seconds
    plot = Plot(
        (0.0, end or 1.0), (0.0, 1.0), f"{unit} of search", "workers", "children by worker and time"
    )
    plot.width = 940.0
    plot.height = 72.0 + 16 * lanes
    plot.y_ticks = False
    for lane, child in placed:
        start, stop = span_of(child) or (0.0, 0.0)
        left, right = (plot.at_x(run.elapsed(instant) / seconds) for instant in (start, stop))
        colour = INK if child.status is Status.FAILED else stage_colour(child.b)
        place = {
            "x": left,
            "y": 28 + 16 * lane,
            "width": max(0.7, right - left - 0.4),
            "height": 12,
        }
        plot.add(element("rect", **place, fill=colour, data_c=f"{run_index}:{indices[child.id]}"))
    return plot.svg()


def overlay(curves: Iterable[Curve], x_label: str, y_label: str = "best reward so far") -> Markup:
    """Lines of several runs in one plot."""
    curves = [curve for curve in curves if curve.points]
    x = limits_of([x for curve in curves for x, _ in curve.points], 0.0)
    y = limits_of(_worth_showing(curves))
    plot = Plot((0.0, x[1]), y, x_label, y_label, f"{y_label} by {x_label}")
    for curve in curves:
        group = {
            "data_run": curve.index,
            "stroke": run_colour(curve.index),
            "stroke_width": 2,
            **_LINE,
        }
        plot.steps(curve.points, **group)
    return plot.svg()


def best_so_far(run: RunView, by_time: bool) -> list[tuple[float, float]]:
    """The best reward after each child that has one: by children trained, or by seconds of search."""
    known = [(run.elapsed(c.ended_at or 0.0), c.reward) for c in run.ended if c.reward is not None]
    best = list(accumulate((reward for _, reward in known), max))
    return [
        (at if by_time else count, best[count - 1]) for count, (at, _) in enumerate(known, start=1)
    ]


def _worth_showing(curves: Sequence[Curve]) -> list[float]:
    """Values that decide the vertical axis: the first children's bests would squash what people compare."""
    lowest = [
        curve.points[min(len(curve.points) - 1, len(curve.points) // 20 + 1)][1] for curve in curves
    ]
    return [*lowest, *(y for curve in curves for _, y in curve.points if y >= min(lowest))]


def overlay_times(curves: Iterable[Curve]) -> Markup:
    """Lines of several runs over time, whose points are in seconds, in a fitting unit."""
    curves = list(curves)
    unit, seconds = _unit_of(max((x for curve in curves for x, _ in curve.points), default=0.0))
    scaled = [
        replace(curve, points=[(x / seconds, y) for x, y in curve.points]) for curve in curves
    ]
    return overlay(scaled, f"{unit} of search")


def _unit(run: RunView) -> tuple[str, float]:
    return _unit_of(max((run.elapsed(child.ended_at or 0.0) for child in run.ended), default=0.0))


def _unit_of(longest: float) -> tuple[str, float]:
    return (
        ("hours", 3600.0)
        if longest > 3 * 3600
        else ("minutes", 60.0)
        if longest > 180
        else ("seconds", 1.0)
    )
