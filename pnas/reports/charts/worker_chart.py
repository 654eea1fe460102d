"""Which worker trained which child when; the gaps are fitting, scoring and waiting."""

from pnas.records import ChildRecord
from pnas.reports.charts.marks import colour_of, interactive_cells
from pnas.reports.charts.plot import Plot
from pnas.reports.data.number_format import time_unit
from pnas.reports.data.run_view import RunView
from pnas.reports.data.training_times import assign_workers
from pnas.reports.palette import INK, MUTED
from pnas.reports.svg import element

_MOST_WORKERS = 64
# Bars of more children are narrower than a pixel.
_MOST_CHILDREN = 2000

_LANE = 16
_BAR = 12
_NARROWEST_BAR = 0.7


def worker_chart(run: RunView, run_index: int = 0) -> Plot | None:
    """Draw a bar for each trained child, in the lane of its worker.

    Returns:
        The plot; None where no child was trained here, for a table, and for more than 64 workers
        or 2,000 children.
    """
    placed = assign_workers(run.children)
    workers = 1 + max((item.worker for item in placed), default=-1)
    if run.is_tabular or not 0 < workers <= _MOST_WORKERS or len(placed) > _MOST_CHILDREN:
        return None

    last = max(run.elapsed(item.span.end) for item in placed)
    unit, seconds = time_unit(last)
    plot = Plot(
        x=(0.0, last / seconds or 1.0),
        y=(0.0, 1.0),
        x_label=f"{unit} of search",
        y_label="workers",
        title="children by worker and time",
        width=940,
        height=72 + _LANE * workers,
        has_y_ticks=False,
    )
    index_of = {child.id: index for index, child in enumerate(run.whole)}
    interactive = interactive_cells(run.cells)
    for item in placed:
        index = index_of.get(item.child.id)
        left = plot.at_x(run.elapsed(item.span.start) / seconds)
        right = plot.at_x(run.elapsed(item.span.end) / seconds)
        bar = element(
            "rect",
            x=left,
            y=plot.top + 2 + _LANE * item.worker,
            width=max(_NARROWEST_BAR, right - left - 0.4),
            height=_BAR,
            fill=_colour(run, item.child, index),
            data_c=f"{run_index}:{index}" if index in interactive else None,
        )
        plot.add(bar)
    return plot


def _colour(run: RunView, child: ChildRecord, index: int | None) -> str:
    """Return the colour of a child's bar; what was trained in part has none of the groups."""
    if child.has_failed:
        return INK
    if index is None or child.stopped_after is not None or child.is_left_out:
        return MUTED
    return colour_of(run.cells[index].group)
