"""What a search is worth to a sweeper: the number that its command returns."""

import math
from collections.abc import Mapping
from typing import Any

from pnas.config import Settings
from pnas.errors import require
from pnas.records import Journal, StageRecord, best_child
from pnas.state_space import SlotSpace


def check_objective(settings: Settings, space: SlotSpace) -> None:
    """Refuse an objective that the search will not have.

    Raises:
        InvalidValue: names ``task.objective``.
    """
    predicts = settings.search.uses_predictor and space.B > 1
    rule = "must be reward for a search in which nothing is predicted (search.kind not progressive, or one stage)"
    require(
        predicts or settings.task.objective == "reward",
        "task.objective",
        rule,
        settings.task.objective,
    )


def objective(kind: str, journal: Journal) -> float:
    """The ``task.objective`` of a search.

    Returns:
        ``reward``: the best reward in [0, 1]; 0 if no child has one. ``rank_correlation``: Spearman's correlation of
        predictions with rewards, over the cells of a stage that were predicted before they were trained, averaged over
        the stages that have one; of the random probe where there is one, since the chosen cells are those that the
        predictor thinks alike. NaN if it is undefined for every stage.
    """
    if kind == "rank_correlation":
        found = [rho for stage in journal.stages() if (rho := _correlation(stage)) is not None]
        return sum(found) / len(found) if found else math.nan
    best = best_child(journal.children())
    return 0.0 if best is None or best.reward is None else best.reward


def _correlation(stage: StageRecord) -> float | None:
    learned: Mapping[str, Any] = stage.predictor or {}
    probe = (learned.get("selection_quality") or learned.get("choice_next") or {}).get("probe") or {}
    found = probe.get("spearman", learned.get("spearman_next"))
    return None if found is None else float(found)
