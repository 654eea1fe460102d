"""The metrics that MLflow shows of a child, a stage and a whole search, at the times the journal gives."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pnas.records import ChildRecord, StageRecord, Status
from pnas.records.evaluation_cache import CACHED_SEED
from pnas.tracking.naming import legal_name


class Point(NamedTuple):
    """One value of a metric; ``at`` in milliseconds since the epoch."""

    name: str
    step: int
    value: float
    at: int


def child_points(child: ChildRecord) -> list[Point]:
    """Outcome of a child that has ended, and its per-epoch values with step = epoch, counted from 1."""
    ended = child.ended_at or 0.0
    seconds = child.seconds or 0.0
    outcome = {
        "reward": child.reward,
        "predicted_reward": child.predicted,
        "params": child.params,
        "flops": child.flops,
        "seconds": child.seconds,
    }
    epochs = [
        Point(
            legal_name(name),
            epoch,
            _shown(value),
            as_ms(ended - seconds * (1 - epoch / len(values))),
        )
        for name, values in child.metrics.items()
        if name != CACHED_SEED
        for epoch, value in enumerate(values, start=1)
        if not math.isnan(value)  # an epoch that was not validated
    ]
    return [*scalars(outcome, 0, as_ms(ended)), *epochs]


def stage_points(stage: StageRecord, children: Sequence[ChildRecord]) -> list[Point]:
    """What is known of a stage from its opening, and from its closing: outcome, predictor's loss by epoch."""
    opened = {
        "candidates_scored": stage.candidates_scored,
        "unique_candidates": stage.unique_candidates,
        "children": len(children),
        "seconds_scoring": stage.seconds_scoring,
    }
    points = scalars(opened, 0, as_ms(stage.opened_at))
    if stage.closed_at is None:
        return points
    outcome = {
        "failed": sum(child.status is Status.FAILED for child in children),
        "seconds": stage.closed_at - stage.opened_at + stage.seconds_scoring,
        **_rewards(children),
        **_correlations(stage),
    }
    return [
        *points,
        *scalars(outcome, 0, as_ms(stage.closed_at)),
        *_losses(stage, as_ms(stage.closed_at)),
    ]


def stage_curves(stage: StageRecord, children: Sequence[ChildRecord]) -> list[Point]:
    """A closed stage's part of the search's curves, step = b."""
    if stage.closed_at is None:
        return []
    rewards = {f"stage_{name}": value for name, value in _rewards(children).items()}
    loss = {"predictor_loss": (stage.predictor or {}).get("loss")}
    return scalars({**rewards, **loss, **_correlations(stage)}, stage.b, as_ms(stage.closed_at))


def progress_points(ended: Iterable[ChildRecord]) -> list[Point]:
    """The search's curves by child: best reward by children trained, and how many were trained and failed.

    Args:
        ended: children in the order in which they ended, so that more of them only ever append points.
    """
    points: list[Point] = []
    best = -math.inf
    trained = 0
    failed = 0
    for count, child in enumerate(ended, start=1):
        at = as_ms(child.ended_at or 0.0)
        if child.status is Status.OK and child.reward is not None:
            best = max(best, child.reward)
            trained = trained + 1
            points.append(Point("best_reward", trained, best, at))
        failed += child.status is Status.FAILED
        # Against wall time these two show the throughput.
        points += scalars({"children_trained": trained, "children_failed": failed}, count, at)
    return points


def scalars(values: Mapping[str, float | None], step: int, at: int) -> list[Point]:
    """One point for each value that is known."""
    return [
        Point(name, step, _shown(value), at) for name, value in values.items() if value is not None
    ]


def as_ms(seconds: float) -> int:
    return round(seconds * 1000)


def _rewards(children: Iterable[ChildRecord]) -> dict[str, float | None]:
    rewards = [child.reward for child in children if child.reward is not None]
    return {
        "best_reward": max(rewards, default=None),
        "mean_reward": sum(rewards) / len(rewards) if rewards else None,
    }


def _correlations(stage: StageRecord) -> dict[str, float | None]:
    learned = stage.predictor or {}
    found = {
        name: value for name, value in learned.items() if name.startswith(("spearman_", "kendall_"))
    }
    return {**found, **_choice(learned.get("choice_next") or {})}


def _choice(judged: Mapping[str, Any]) -> dict[str, float | None]:
    """How the next stage's chosen cells, and its random probe, came out against what was predicted."""
    parts = {of: judged.get(of) or {} for of in ("chosen", "probe")}
    found = {f"{of}_{name}": value for of, part in parts.items() for name, value in part.items()}
    return {
        **found,
        "probe_regret": judged.get("regret"),
        "probe_advantage": judged.get("advantage"),
    }


def _losses(stage: StageRecord, at: int) -> list[Point]:
    learned = stage.predictor or {}
    losses = learned.get("losses") or [learned.get("loss")]
    known = [(epoch, loss) for epoch, loss in enumerate(losses, start=1) if loss is not None]
    return [Point("predictor_loss", epoch, _shown(loss), at) for epoch, loss in known]


def _shown(value: float) -> float:
    """Infinities as NaN: databases hold them as 1.8e308, which flattens every chart."""
    return float(value) if math.isfinite(value) else math.nan
