"""What a search in a given time will train, about: its plan before it begins."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pnas.search.pacing.forecast import TrainingForecast
from pnas.search.pacing.least_time import starting_seconds
from pnas.search.pacing.pace import ENDING_SECONDS, START_SHARE
from pnas.search.pacing.timed_ladder import TimedLadder
from pnas.search.rung_ladder import FEWEST_FIRST
from pnas.search.strategies import RefinedSpec
from pnas.search.strategies.planned_phase import PlannedPhase, phases_within
from pnas.search.strategies.search_spec import SearchSpec
from pnas.state_space import SlotSpace


def planned_within(
    spec: SearchSpec,
    space: SlotSpace,
    K: int | None,
    forecast: TrainingForecast,
    seconds: float,
    first: int | None = None,
    kept_epochs: Mapping[int, int] | None = None,
) -> list[PlannedPhase]:
    """Return the parts of a search of ``seconds`` seconds, as `Pace` would divide its time.

    Args:
        spec: Settings of the search.
        space: State space that is searched.
        K: Number of children of each growing stage after the first; None for all candidates.
        forecast: Predicts how long children train.
        seconds: Time of the search.
        first: Number of cells of one block that may be trained; None for all of them.
        kept_epochs: Number of epochs that each rung keeps for longer trainings, by its epochs.
    """
    usable = max(0.0, seconds - starting_seconds(forecast) - ENDING_SECONDS)
    kept = spec.confirm_share(forecast.epochs) * usable
    left = usable - kept
    ladder = TimedLadder.of(spec.rungs, forecast, space.B, kept_epochs)
    phases = _proposed(spec, space, K, first, ladder)

    fewest = _fewest_promoted(phases, spec, space)
    costs = []
    for phase in phases:
        cells = phase.children or 2 * ladder.width
        cost = ladder.cost_of_cell(phase.b, cells, fewest.get(phase.name, 1))
        costs.append(cost / forecast.workers)

    share = _share_of_known(phases, costs, left if spec.ends_by_itself else START_SHARE * left)
    planned: list[PlannedPhase] = []
    for phase, one in zip(phases, costs, strict=True):
        children = int(left / one)
        if phase.children is not None:
            children = min(children, round(share * phase.children))
        left -= children * one
        sized = replace(phase, children=children)
        planned += _rungs_of(sized, fewest.get(phase.name, 1), ladder)
    planned = phases_within(planned, spec.search_trainings(forecast.epochs))
    if not spec.confirm_share(forecast.epochs):
        return planned
    one = forecast.typical_seconds(space.B) / forecast.workers
    confirmations = int(kept / one)
    in_counts = spec.confirmations(forecast.epochs)
    if in_counts is not None:
        confirmations = min(confirmations, in_counts)
    return [*planned, PlannedPhase("confirmation", space.B, confirmations)]


def _proposed(
    spec: SearchSpec, space: SlotSpace, K: int | None, first: int | None, ladder: TimedLadder
) -> list[PlannedPhase]:
    """Return the parts of a search without limits, with the cells that its strategy proposes."""
    unlimited = replace(spec, confirm=0.0, rungs=[], max_children=None, max_seconds=1.0)
    if ladder.short:
        unlimited = unlimited.widened(ladder.width)
        K = None if K is None else K * ladder.width
    phases = unlimited.phases(space, K, first)
    return [phase for phase in phases if phase.children != 0]


def _fewest_promoted(
    phases: Sequence[PlannedPhase], spec: SearchSpec, space: SlotSpace
) -> dict[str, int]:
    """Return how many cells of the parts of the first stage go on at least, by their names.

    They share the cells by which the rungs are judged.
    """
    first = [phase for phase in phases if phase.children is not None]
    is_one_stage = isinstance(spec, RefinedSpec) and spec.growing_stages(space) == 1
    if not is_one_stage:
        first = first[:1]
    cells = sum(phase.children or 0 for phase in first)
    return {
        phase.name: max(1, round(FEWEST_FIRST * (phase.children or 0) / cells)) for phase in first
    }


def _rungs_of(phase: PlannedPhase, fewest: int, ladder: TimedLadder) -> list[PlannedPhase]:
    """Return ``phase`` as it is trained, rung by rung."""
    rungs = ladder.rungs_from(ladder.lowest)
    if len(rungs) == 1:
        return [phase]
    planned = []
    children = phase.children or 0
    counts = ladder.counts(children, ladder.lowest, fewest)
    for rung, count in zip(rungs, counts, strict=True):
        name = phase.name
        if rung is not None:
            name = f"{name}, {rung / ladder.full:.3g} of the epochs"
        planned.append(
            replace(
                phase,
                name=name,
                children=count,
                candidates=phase.candidates if rung == ladder.lowest else 0,
                share=ladder.trained_epochs(rung) / ladder.full,
                is_short=rung is not None,
            )
        )
    return planned


def _share_of_known(
    phases: Sequence[PlannedPhase], costs: Sequence[float], seconds: float
) -> float:
    """Return the share, in [0, 1], of the known children for which there is time.

    Args:
        phases: All parts of the search.
        costs: Seconds that a child of each costs.
        seconds: Time of those whose number of children is known.
    """
    needed = 0.0
    for phase, one in zip(phases, costs, strict=True):
        needed += (phase.children or 0) * one
    return min(1.0, seconds / needed) if needed else 1.0
