"""The front of a search of several objectives, as a table."""

from collections.abc import Callable, Mapping, Sequence

from pnas.records.front import Front, FrontCell
from pnas.reports.data.compared_fronts import ComparedFronts
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.system.wording import plural

_Item = tuple[int, FrontCell]

_ABOUT_EXPECTED = "posterior mean, by which the front is drawn, with 95 % interval"
_ABOUT_MEMBERSHIP = "probability that no other cell dominates it"


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
    if any(each.posterior is not None for each in front.members):
        columns.append(Column("expected reward", _expected, about=_ABOUT_EXPECTED))
        columns.append(Column("on the front", _membership, about=_ABOUT_MEMBERSHIP))
    columns.append(Column("cell", lambda item: str(item[1].cell), prose=True))
    return Grid.of(_title(front), columns, items)


def hypervolume_line(front: Front) -> str:
    """Say what the hypervolume is, and over which reference point."""
    if front.reference is None or not front.hypervolumes:
        return "hypervolume: not known before stage 1 has ended"
    corner = reference_in_words(front.reference)
    return f"hypervolume: {front.hypervolumes[-1]:.4g} over {corner}"


def reference_in_words(reference: Mapping[str, float]) -> str:
    """Return a reference point as people type values: ``reward=0.5, madds=300,000``."""
    return ", ".join(f"{name}={format_value(value)}" for name, value in reference.items())


def compared_fronts_table(compared: ComparedFronts, names: Sequence[str]) -> Grid:
    """Return one row for each front of several searches.

    Args:
        compared: The fronts.
        names: Names of all searches that are compared.
    """
    columns = (
        Column("search", lambda each: names[each.index], prose=True),
        Column("on the front", lambda each: f"{len(each.front.members):,}"),
        Column("cells", lambda each: f"{len(each.front.cells):,}"),
        Column("hypervolume", lambda each: f"{each.curve[-1][1]:.4g}" if each.curve else ""),
    )
    return Grid.of("Fronts", columns, compared.fronts)


def format_value(value: float) -> str:
    """Return a value of any objective in few characters."""
    if float(value).is_integer() and abs(value) >= 1:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _title(front: Front) -> str:
    names = ", ".join(front.objectives.names)
    return f"Front of {names}: {len(front.members):,} of {plural(len(front.cells), 'cell')}"


def _value_of(name: str) -> Callable[[_Item], str]:
    def show(item: _Item) -> str:
        member = item[1]
        value = format_value(member.values[name])
        if name in member.quartiles:
            low, high = member.quartiles[name]
            return f"{value} [{format_value(low)}, {format_value(high)}]"
        spread = (member.spread or {}).get(name)
        return f"{value} +- {spread:.2g}" if spread else value

    return show


def _expected(item: _Item) -> str:
    posterior = item[1].posterior
    if posterior is None:
        return ""
    low, high = posterior.interval
    return f"{posterior.expected:.4f} [{low:.4f}, {high:.4f}]"


def _membership(item: _Item) -> str:
    posterior = item[1].posterior
    return "" if posterior is None else f"{posterior.membership:.2f}"


def _trainings(item: _Item) -> str:
    return "" if item[1].trainings == 1 else str(item[1].trainings)
