"""Check of ``search.reference`` before a search trains anything."""

from collections.abc import Sequence

from pnas.errors import InvalidValue
from pnas.objectives import Objective, ObjectiveSet
from pnas.search import SearchSpec
from pnas.searching.cell_facts import CellFacts
from pnas.state_space import Cell


def check_reference_point(
    spec: SearchSpec, objectives: ObjectiveSet, facts: CellFacts, cells: Sequence[Cell]
) -> None:
    """Check that something may dominate the reference point, as far as that is known.

    What is known after training or measurement only is checked where a table knows it; latency is
    checked again when stage 1 is measured (`pnas.search.measurements`).

    Args:
        spec: Settings of the search.
        objectives: Its objectives.
        facts: What is known of cells.
        cells: Cells of stage 1, or random ones like them.

    Raises:
        InvalidValue: Names a value that no cell is better than.
    """
    for name, reference in spec.reference.items():
        objective = objectives.by_name[name]
        best = _best(name, objective, facts, cells)
        if best is None:
            continue
        if objective.is_maximised and best <= reference:
            rule = f"must be below {best:.10g}, the highest value there is, or no cell dominates it"
            raise InvalidValue(f"search.reference.{name}", rule, reference)
        if not objective.is_maximised and best >= reference:
            rule = f"must be above {best:.10g}, the lowest value there is, or no cell dominates it"
            raise InvalidValue(f"search.reference.{name}", rule, reference)


def _best(name: str, objective: Objective, facts: CellFacts, cells: Sequence[Cell]) -> float | None:
    """Return the best value of an objective that is known now; None if none is."""
    if name in facts.ranges:
        lowest, highest = facts.ranges[name]
        return highest if objective.is_maximised else lowest
    if not objective.is_known_before:
        return None
    values = [objective.value(facts.before(cell)) for cell in cells]
    known = [float(value) for value in values if value is not None]
    if not known:
        return None
    return max(known) if objective.is_maximised else min(known)
