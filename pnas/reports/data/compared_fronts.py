"""The fronts of several searches, against one reference point."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pnas.objectives import ObjectiveSet
from pnas.records.front import Front
from pnas.reports.data.reward_curves import Points
from pnas.reports.data.run_view import RunView

_FEWEST_FRONTS = 2


@dataclass(frozen=True)
class ComparedFront:
    """The front of one search.

    Attributes:
        index: Position of the search among all that are compared.
        front: Its front.
        curve: (children, hypervolume over the common reference point) after each cell.
    """

    index: int
    front: Front
    curve: Points


@dataclass(frozen=True)
class ComparedFronts:
    """Fronts of the same objectives.

    Attributes:
        objectives: The objectives.
        reference: The common reference point: of each objective the value, among those of the
            searches, that is worst, so that no front is cut off that its own search counted.
        fronts: The fronts.
    """

    objectives: ObjectiveSet
    reference: Mapping[str, float]
    fronts: Sequence[ComparedFront]


def compare_fronts(runs: Sequence[RunView]) -> ComparedFronts | None:
    """Return the fronts of those of ``runs`` that have the objectives of the first that has some.

    None if there are not two of them.
    """
    found: list[tuple[int, Front]] = []
    for index, run in enumerate(runs):
        front = run.front
        if front is None or front.reference is None:
            continue
        if not found or set(front.objectives.names) == set(found[0][1].objectives.names):
            found.append((index, front))
    if len(found) < _FEWEST_FRONTS:
        return None

    objectives = found[0][1].objectives
    reference = _common_reference(objectives, [front for _, front in found])
    fronts = []
    for index, front in found:
        fronts.append(ComparedFront(index, front, _curve(front, objectives, reference)))
    return ComparedFronts(objectives, reference, fronts)


def _common_reference(objectives: ObjectiveSet, fronts: Sequence[Front]) -> dict[str, float]:
    reference = {}
    for name, objective in objectives.by_name.items():
        values = [front.reference[name] for front in fronts if front.reference is not None]
        reference[name] = min(values) if objective.is_maximised else max(values)
    return reference


def _curve(front: Front, objectives: ObjectiveSet, reference: Mapping[str, float]) -> Points:
    """Return the hypervolume of the cells trained so far, each by the mean of its trainings."""
    values: list[Mapping[str, float]] = []
    curve = []
    for count, cell in enumerate(front.cells, start=1):
        values.append(cell.values)
        curve.append((float(count), objectives.hypervolume(values, reference)))
    return curve
