"""The number that a search returns to a sweeper."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from pnas.config import Settings
from pnas.errors import require
from pnas.records import Journal, StageRecord, best_child
from pnas.state_space import SlotSpace


def check_objective(settings: Settings, space: SlotSpace) -> None:
    """Check that the search will have the objective that was asked for.

    Raises:
        InvalidValue: Names ``task.objective``.
    """
    has_predictor = settings.search.uses_predictor
    has_predictions = has_predictor and space.B > 1
    why = f"state_space.B={space.B}" if has_predictor else f"search={settings.search.kind}"
    rule = f"must be reward for a search in which nothing is predicted ({why})"
    name = settings.task.objective
    require(has_predictions or name == "reward", "task.objective", rule, name)


def objective(name: str, journal: Journal) -> float:
    """Return the ``task.objective`` called ``name`` of a search.

    Args:
        name: ``reward`` or ``rank_correlation``.
        journal: Journal of the search.

    Returns:
        For ``reward`` the mean reward of the winner, or else the best reward, in [0, 1]; 0 if no
        child has one. For ``rank_correlation``
        Spearman's correlation of predictions with rewards, over the cells of a stage that were
        predicted before they were trained, averaged over the stages that have one; NaN if none
        has. Where a stage has a random probe it is the probe's, since the chosen cells are those
        whose predictions are nearly equal.
    """
    return _OBJECTIVES[name](journal)


def _found_reward(journal: Journal) -> float:
    winner = journal.meta("winner")
    if winner is not None:
        return float(winner["mean"])
    best = best_child(journal.children())
    if best is None or best.reward is None:
        return 0.0
    return best.reward


def _mean_rank_correlation(journal: Journal) -> float:
    correlations = []
    for stage in journal.stages():
        correlation = _rank_correlation(stage)
        if correlation is not None:
            correlations.append(correlation)
    if not correlations:
        return math.nan
    return sum(correlations) / len(correlations)


def _rank_correlation(stage: StageRecord) -> float | None:
    learned: Mapping[str, Any] = stage.predictor or {}
    # Journals of earlier versions say choice_next.
    quality = learned.get("selection_quality") or learned.get("choice_next") or {}
    probe = quality.get("probe") or {}
    correlation = probe.get("spearman", learned.get("spearman_next"))
    return None if correlation is None else float(correlation)


_OBJECTIVES: dict[str, Callable[[Journal], float]] = {
    "reward": _found_reward,
    "rank_correlation": _mean_rank_correlation,
}
