"""What a search in a given time will train, about: its plan before it begins."""

from dataclasses import replace

from pnas.search.pacing.forecast import TrainingForecast
from pnas.search.pacing.least_time import starting_seconds
from pnas.search.pacing.pace import ENDING_SECONDS
from pnas.search.pacing.paced_strategy import START_SHARE
from pnas.search.strategies.planned_phase import PlannedPhase
from pnas.search.strategies.search_spec import SearchSpec
from pnas.state_space import SlotSpace


def planned_within(
    spec: SearchSpec,
    space: SlotSpace,
    K: int | None,
    forecast: TrainingForecast,
    seconds: float,
    first: int | None = None,
) -> list[PlannedPhase]:
    """Return the parts of a search of ``seconds`` seconds, as `Pace` would divide its time.

    Args:
        spec: Settings of the search.
        space: State space that is searched.
        K: Number of children of each growing stage after the first; None for all candidates.
        forecast: Predicts how long children train.
        seconds: Time of the search.
        first: Number of cells of one block that may be trained; None for all of them.
    """
    usable = max(0.0, seconds - starting_seconds(forecast) - ENDING_SECONDS)
    kept = spec.confirm * usable
    left = usable - kept
    unlimited = replace(spec, confirm=0.0, max_seconds=seconds)
    phases = unlimited.phases(space, K, first)

    known = [phase for phase in phases if phase.children is not None]
    share = _share_of_known(known, left, forecast, leaves_rounds=not spec.ends_by_itself)
    planned = []
    for phase in phases:
        one = forecast.typical_seconds(phase.b, phase.share) / forecast.workers
        children = int(left / phase.rungs / one)
        if phase.children is not None:
            children = min(children, round(share * phase.children))
        left -= children * one
        planned.append(replace(phase, children=children))
    if not spec.confirm:
        return planned
    one = forecast.typical_seconds(space.B) / forecast.workers
    return [*planned, PlannedPhase("confirmation", space.B, int(kept / one))]


def _share_of_known(
    phases: list[PlannedPhase], seconds: float, forecast: TrainingForecast, leaves_rounds: bool
) -> float:
    """Return the share, in [0, 1], of the children of ``phases`` for which there is time."""
    needed = 0.0
    for phase in phases:
        one = forecast.typical_seconds(phase.b, phase.share) / forecast.workers
        needed += (phase.children or 0) * one
    available = START_SHARE * seconds if leaves_rounds else seconds
    return min(1.0, available / needed) if needed else 1.0
