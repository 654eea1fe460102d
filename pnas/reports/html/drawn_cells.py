"""The best cells of a search as a page shows them: a caption, the cell as text and its drawing."""

from collections.abc import Iterator
from typing import NamedTuple

from markupsafe import Markup

from pnas.children.network_specs import network_from
from pnas.errors import InvalidValue
from pnas.records.training_record import Training
from pnas.reports.cells.cell_drawing import cell_svg
from pnas.reports.cells.network_drawing import network_svg
from pnas.reports.data.distinct_cells import best_cells_first
from pnas.reports.data.number_format import count, decimal
from pnas.reports.data.run_view import RunView
from pnas.state_space import Cell

_DRAWN_CELLS = 3


class DrawnCell(NamedTuple):
    """A cell on a page.

    Attributes:
        caption: Text above the drawing.
        text: The cell as text.
        picture: The drawing; None for a cell of a kind that has none.
    """

    caption: str
    text: str
    picture: Markup | None


def best_cells(run: RunView) -> Iterator[DrawnCell]:
    """Yield the best cells of a search, its winner first."""
    measured = [cell for cell in run.cells if cell.reward is not None]
    ordered = best_cells_first(measured, run.winner)
    for place, best in enumerate(ordered[:_DRAWN_CELLS], start=1):
        caption = f"{place}. reward {decimal(best.reward)}"
        if best.trainings is not None and best.trainings > 1:
            caption += f" (mean of {best.trainings})"
        if best.is_winner(run.winner):
            caption += ", the winner"
        if best.params is not None:
            caption += f", {count(best.params)} parameters"
        picture = drawing_or_none(best.cell, run.concat)
        yield DrawnCell(caption, str(best.cell), picture)


def trained_cells(run: RunView, training: Training) -> Iterator[DrawnCell]:
    """Yield the cells of a `task=train`, best first."""
    cells = training.cells()
    cells.sort(key=lambda cell: -(cell["reward"]["mean"] or 0.0))
    for place, facts in enumerate(cells[:_DRAWN_CELLS], start=1):
        accuracy = decimal(facts["val_accuracy"]["mean"])
        validated = f"validation accuracy {accuracy}, " if accuracy else ""
        caption = f"{place}. {validated}{count(facts['params'])} parameters"
        yield DrawnCell(
            caption, facts["cell"], drawing_or_none(Cell.parse(facts["cell"]), run.concat)
        )


def drawing_or_none(cell: Cell, concat: str) -> Markup | None:
    """Return the drawing of a cell, None for a cell of a kind that has none."""
    try:
        return cell_svg(cell, concat)
    except InvalidValue:
        return None


def network_of(run: RunView) -> Markup | None:
    """Return the drawing of the network that stacks the best cell.

    None for a search in a table, which built no network, and for a configuration of an extension
    or of another version.
    """
    if run.is_tabular:
        return None
    try:
        return network_svg(network_from(run.value("child")), run.found_cell)
    except (TypeError, InvalidValue):
        return None
