"""What a search measures of children, and the constraints on it, as its settings say."""

from collections.abc import Mapping, Sequence

from pnas.config import Settings
from pnas.execution import Executor
from pnas.objectives import MEMORY, make_objectives
from pnas.records import Journal
from pnas.search.measured_limits import MeasuredLimits
from pnas.search.measurements import Limits, Measurements
from pnas.searching.cell_facts import CellFacts
from pnas.searching.objectives import facts_after_training
from pnas.state_space import Cell, SlotSpace


def measured_limits(
    settings: Settings,
    space: SlotSpace,
    journal: Journal,
    facts: CellFacts | None,
    epochs: float,
) -> MeasuredLimits | None:
    """Return the constraints on what is measured; None without any.

    Args:
        settings: Settings of the command.
        space: State space that is searched.
        journal: Journal of the search.
        facts: What is known of cells.
        epochs: Number of epochs of a whole training.
    """
    limits = _limits(settings, facts)
    if not limits or facts is None:
        return None
    objectives = make_objectives(list(limits), facts.columns)
    after = facts_after_training(settings, space, journal, epochs)
    return MeasuredLimits(objectives, limits, after)


def make_measurements(
    settings: Settings, journal: Journal, facts: CellFacts | None, executor: Executor | None
) -> Measurements | None:
    """Return what is measured of children before they are trained; None for nothing.

    Args:
        settings: Settings of the command.
        journal: Journal of the search.
        facts: What is known of cells.
        executor: Measures jobs, or looks them up.
    """
    if facts is None:
        return None
    spec = settings.search
    limits = _limits(settings, facts)
    names = _names(settings, facts)
    if not names:
        return None

    def counted(cell: Cell) -> Mapping[str, float]:
        memory = facts.before(cell).memory_mb if MEMORY in names else None
        return {} if memory is None else {MEMORY: memory}

    is_counted_only = all(name == MEMORY for name in names)
    objectives = make_objectives(names, facts.columns).by_name
    reference = {}
    for name in names:
        if name in spec.reference and not objectives[name].is_maximised:
            reference[name] = spec.reference[name]
    return Measurements(
        journal=journal,
        names=names,
        executor=None if is_counted_only else executor,
        counted=counted,
        limits=Limits(make_objectives(list(limits), facts.columns), limits),
        needed=2 if spec.uses_predictor else 1,
        one_at_a_time=facts.measures and settings.executor.measures_one_at_a_time,
        reference=reference,
    )


def _limits(settings: Settings, facts: CellFacts | None) -> dict[str, float]:
    """Return the constraints on what is measured."""
    if facts is None:
        return {}
    constraints = settings.search.constraints
    by_name = make_objectives(list(constraints), facts.columns).by_name
    limits = {}
    for name, limit in constraints.items():
        if facts.is_measured(name, by_name[name]):
            limits[name] = limit
    return limits


def _names(settings: Settings, facts: CellFacts) -> Sequence[str]:
    """Return what is measured or counted, objectives first."""
    spec = settings.search
    # A table tells all that it knows with the reward, but a constraint is asked for before that.
    wanted = [*spec.objectives, *spec.constraints] if facts.measures else [*spec.constraints]
    by_name = make_objectives(wanted, facts.columns).by_name
    names = []
    for name, objective in by_name.items():
        is_counted = name == MEMORY and facts.measures
        if is_counted or facts.is_measured(name, objective):
            names.append(name)
    return names
