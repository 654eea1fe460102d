"""Charts of a search of several objectives: its fronts by cost, and its hypervolume."""

from collections.abc import Iterator, Mapping

from pnas.objectives import REWARD
from pnas.records.front import Front
from pnas.reports.charts.curve_chart import CurveGroup, curve_chart
from pnas.reports.charts.marks import CellMarks
from pnas.reports.charts.plot import Plot
from pnas.reports.charts.trade_off_chart import trade_off_chart
from pnas.reports.data.run_view import RunView
from pnas.reports.data.scored_cell import ScoredCell
from pnas.reports.data.trade_off import Cost
from pnas.state_space import Cell

_LABELS = {
    "params": "parameters",
    "madds": "multiply-adds",
    "memory_mb": "megabytes of an inference",
    "latency_ms": "milliseconds of an inference",
    "train_seconds": "seconds of training",
}


def front_charts(run: RunView, front: Front, marks: CellMarks) -> Iterator[Plot]:
    """Yield the reward of all children by each objective that is minimised, then the hypervolume.

    Args:
        run: The search.
        front: Its front.
        marks: Draws its children.
    """
    values = {each.cell: each.values for each in front.cells}
    for name, objective in front.objectives.by_name.items():
        if objective.is_maximised or name == REWARD:
            continue
        plot = trade_off_chart(run.cells, marks, _cost(values, name), label_of(name))
        if plot is not None:
            yield plot
    if front.hypervolumes:
        curve = [(float(count), value) for count, value in enumerate(front.hypervolumes, start=1)]
        yield curve_chart([CurveGroup(run.name, [curve])], "children", "hypervolume")


def _cost(values: Mapping[Cell, Mapping[str, float]], name: str) -> Cost:
    def cost(cell: ScoredCell) -> float | None:
        of_cell = values.get(cell.cell)
        return None if of_cell is None else of_cell[name]

    return cost


def label_of(name: str) -> str:
    """Return what an objective is called on an axis."""
    return _LABELS.get(name, name)
