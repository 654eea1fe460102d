"""The metrics that MLflow shows of a child, a stage and a whole search, at the journal's times."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pnas.records import ChildRecord, StageRecord, Status
from pnas.records.cell_trainings import has_ended_whole
from pnas.records.evaluation_cache import CACHED_SEED
from pnas.records.training_history import last_value
from pnas.tracking.naming import legal_name

_BOUNDS = ("_low", "_high")
"""Ends of the names of interval bounds. summary.json and the report hold them; MLflow does not."""


class Point(NamedTuple):
    """One value of a metric.

    Attributes:
        name: Name of the metric.
        step: Step of the value.
        value: The value; NaN stands for infinity, too.
        at: When it was measured, in milliseconds since the epoch.
    """

    name: str
    step: int
    value: float
    at: int


def child_points(child: ChildRecord) -> list[Point]:
    """Return the outcome of a child (step 0) and its per-epoch values (step = epoch, from 1)."""
    outcome = {
        "reward": child.reward,
        "predicted_reward": child.predicted,
        "params": child.params,
        "flops": child.flops,
        "seconds": child.seconds,
    }
    ended = child.ended_at or 0.0
    return [*scalars(outcome, step=0, at=as_ms(ended)), *_epoch_points(child)]


def training_points(
    child: ChildRecord, size: tuple[int, int], test_accuracy: float | None
) -> list[Point]:
    """Return the outcome of a training (step 0) and the values of its epochs (step = epoch).

    Args:
        child: The training, which may still go on.
        size: Trainable parameters and multiply-adds of its network.
        test_accuracy: Its test accuracy; None until it is known.
    """
    params, flops = size
    outcome: dict[str, float | None] = {"final_params": params, "final_flops": flops}
    if child.ended_at is not None:
        outcome |= {
            "final_val_accuracy": last_value(child.metrics.get("val_accuracy", ())),
            "final_test_accuracy": test_accuracy,
            "final_seconds": child.seconds,
            "reward": child.reward,
        }
    at = as_ms(child.ended_at or child.started_at or 0.0)
    return [*scalars(outcome, step=0, at=at), *_epoch_points(child)]


def stage_points(stage: StageRecord, children: Sequence[ChildRecord]) -> list[Point]:
    """Return what is known of a stage (step 0), and its predictor's loss (step = training step).

    Args:
        stage: The stage, open or closed.
        children: Its children.
    """
    opened = {
        "candidates_scored": stage.candidates_scored,
        "unique_candidates": stage.unique_candidates,
        "children": len(children),
        "seconds_scoring": stage.seconds_scoring,
    }
    points = scalars(opened, step=0, at=as_ms(stage.opened_at))
    if stage.closed_at is None:
        return points

    outcome = {
        "failed": sum(child.has_failed for child in children),
        "stopped": sum(child.status is Status.STOPPED for child in children) or None,
        "seconds": stage.closed_at - stage.opened_at + stage.seconds_scoring,
        **_rewards(children),
        **_predictor_quality(stage),
    }
    points += scalars(outcome, step=0, at=as_ms(stage.closed_at))
    points += _loss_points(stage, as_ms(stage.closed_at))
    return points


def stage_curves(
    stage: StageRecord, children: Sequence[ChildRecord], hypervolume: float | None = None
) -> list[Point]:
    """Return a closed stage's part in the curves of the search (step = number of the stage).

    Args:
        stage: The stage.
        children: Its children.
        hypervolume: Hypervolume after it; None for a search of one objective.
    """
    if stage.closed_at is None:
        return []
    values: dict[str, float | None] = {}
    for name, reward in _rewards(children).items():
        values[f"stage_{name}"] = reward
    values["hypervolume"] = hypervolume
    values["predictor_loss"] = (stage.predictor or {}).get("loss")
    values |= _predictor_quality(stage)
    return scalars(values, step=stage.b, at=as_ms(stage.closed_at))


def progress_points(ended: Iterable[ChildRecord]) -> list[Point]:
    """Return the curves of the search by child: best reward so far, children trained and failed.

    Args:
        ended: Children in the order in which they ended, so that more of them only append points.
    """
    points: list[Point] = []
    best = -math.inf
    trained = 0
    failed = 0
    stopped = 0
    for count, child in enumerate(ended, start=1):
        at = as_ms(child.ended_at or 0.0)
        if has_ended_whole(child):
            trained += 1
        if child.reward is not None:
            best = max(best, child.reward)
            points.append(Point("best_reward", trained, best, at))
        if child.has_failed:
            failed += 1
        if child.status is Status.STOPPED:
            stopped += 1
        # Against wall time these show the throughput.
        counts = {
            "children_trained": trained,
            "children_failed": failed,
            "children_stopped": stopped or None,
        }
        points += scalars(counts, step=count, at=at)
    return points


def scalars(values: Mapping[str, float | None], step: int, at: int) -> list[Point]:
    """Return one point for each value that is known."""
    points = []
    for name, value in values.items():
        if value is not None:
            points.append(Point(name, step, _storable(value), at))
    return points


def as_ms(seconds: float) -> int:
    """Return a time in milliseconds."""
    return round(seconds * 1000)


def _epoch_points(child: ChildRecord) -> list[Point]:
    """Return the per-epoch values of a child, spread evenly over the time of its training."""
    ended = child.ended_at or child.started_at or 0.0
    seconds = child.seconds or 0.0

    points = []
    for name, values in child.metrics.items():
        if name == CACHED_SEED:
            continue
        for epoch, value in enumerate(values, start=1):
            is_measured = not math.isnan(value)
            if is_measured:
                at = as_ms(ended - seconds * (1 - epoch / len(values)))
                points.append(Point(legal_name(name), epoch, _storable(value), at))
    return points


def _rewards(children: Iterable[ChildRecord]) -> dict[str, float | None]:
    rewards = [child.reward for child in children if child.reward is not None]
    return {
        "best_reward": max(rewards, default=None),
        "mean_reward": sum(rewards) / len(rewards) if rewards else None,
    }


def _predictor_quality(stage: StageRecord) -> dict[str, float | None]:
    """Return rank correlations of predictions with rewards, and how good the selection was."""
    learned = stage.predictor or {}
    found: dict[str, float | None] = {}
    for name, value in learned.items():
        if name.startswith(("spearman_", "kendall_")):
            found[name] = value
    found |= _selection_quality(learned.get("choice_next") or {})
    return {name: value for name, value in found.items() if not name.endswith(_BOUNDS)}


def _selection_quality(evaluated: Mapping[str, Any]) -> dict[str, float | None]:
    """Return how predictions agree with the next stage's chosen cells and with its random probe."""
    found: dict[str, float | None] = {}
    for group in ("chosen", "probe"):
        for name, value in (evaluated.get(group) or {}).items():
            found[f"{group}_{name}"] = value
    found["probe_regret"] = evaluated.get("regret")
    found["probe_advantage"] = evaluated.get("advantage")
    return found


def _loss_points(stage: StageRecord, at: int) -> list[Point]:
    learned = stage.predictor or {}
    losses = learned.get("losses") or [learned.get("loss")]
    points = []
    for epoch, loss in enumerate(losses, start=1):
        if loss is not None:
            points.append(Point("predictor_loss", epoch, _storable(loss), at))
    return points


def _storable(value: float) -> float:
    # Databases hold infinity as 1.8e308, which flattens every chart.
    return float(value) if math.isfinite(value) else math.nan
