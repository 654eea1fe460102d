"""The front of a search of several objectives, as a table."""

from collections.abc import Callable

from pnas.records.front import Front, FrontCell
from pnas.reports.terminal.text_grid import Column, Grid

_Item = tuple[int, FrontCell]


def front_table(front: Front, top: int | None = None) -> Grid:
    """Return one row for each non-dominated cell.

    Args:
        front: The front.
        top: Number of rows, the first ones; None for all.
    """
    items = list(enumerate(front.members, start=1))[:top]
    columns = [Column("front", lambda item: f"{item[0]:,}")]
    for name in front.objectives.names:
        columns.append(Column(name, _value_of(name)))
    columns.append(Column("stage", lambda item: str(item[1].stage)))
    columns.append(Column("trainings", _trainings))
    columns.append(Column("cell", lambda item: str(item[1].cell), prose=True))
    return Grid.of(_title(front), columns, items)


def hypervolume_line(front: Front) -> str:
    """Say what the hypervolume is, and over which reference point."""
    if front.reference is None or not front.hypervolumes:
        return "hypervolume: not known before stage 1 has ended"
    corner = [f"{name}={format_value(value)}" for name, value in front.reference.items()]
    return f"hypervolume: {front.hypervolumes[-1]:.4g} over {', '.join(corner)}"


def format_value(value: float) -> str:
    """Return a value of any objective in few characters."""
    if float(value).is_integer() and abs(value) >= 1:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _title(front: Front) -> str:
    names = ", ".join(front.objectives.names)
    return f"Front of {names}: {len(front.members):,} of {len(front.cells):,} cells"


def _value_of(name: str) -> Callable[[_Item], str]:
    def show(item: _Item) -> str:
        member = item[1]
        value = format_value(member.values[name])
        spread = (member.spread or {}).get(name)
        return f"{value} +- {spread:.2g}" if spread else value

    return show


def _trainings(item: _Item) -> str:
    return "" if item[1].trainings == 1 else str(item[1].trainings)
