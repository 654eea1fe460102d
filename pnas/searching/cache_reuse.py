"""A search's part in the evaluation cache (`cache.path`): what it takes from it, and what that leaves to do."""

import logging
from dataclasses import asdict
from pathlib import Path

from pnas.config import Settings
from pnas.execution import Executor, visible_gpus
from pnas.execution.cached_executor import CachedExecutor
from pnas.records import ChildJob, Journal, best_child
from pnas.records.evaluation_cache import EvaluationCache, context_of, seed_if_cached
from pnas.state_space import SlotSpace

_log = logging.getLogger(__name__)


def check_cache(settings: Settings) -> None:
    """Refuse a ``cache.path`` that cannot be used, before any work starts.

    Raises:
        InvalidValue: see `EvaluationCache`.
    """
    if settings.cache.path is not None:
        EvaluationCache(settings.cache.path, context="")


def with_cache(
    executor: Executor, settings: Settings, space: SlotSpace, fingerprint: str
) -> Executor:
    """``executor``, behind the cache if there is one, for children of ``settings`` on the data of ``fingerprint``."""
    if settings.cache.path is None:
        return executor
    trainer = {
        key: value for key, value in asdict(settings.trainer).items() if not key.startswith("table")
    }
    # What was asked for is not what decides: auto trains on a GPU where there is one.
    for limit in ("max_params", "max_madds"):  # decide who is trained, not what comes of it
        trainer.pop(limit)
    on_gpu = trainer.pop("device") != "cpu" and bool(visible_gpus())
    context = context_of(
        data=fingerprint,
        network=asdict(settings.child),
        trainer=trainer,
        device="gpu" if on_gpu else "cpu",
    )
    return CachedExecutor(
        executor, EvaluationCache(settings.cache.path, context, settings.cache.any_seed), space.key
    )


def restore_best_weights(journal: Journal, executor: Executor, weights_dir: Path) -> None:
    """Train the best child here if its reward was reused: the cache holds no weights, and the test needs them."""
    best = best_child(journal.children())
    seed = None if best is None else seed_if_cached(best.metrics)
    if best is None or seed is None or (path := weights_dir / f"{best.key}.npz").is_file():
        return
    for _, result in executor.run([ChildJob(best.cell, seed, str(path))]):
        if result.reward != best.reward:
            found = "failed" if result.reward is None else f"has the reward {result.reward:.4f}"
            text = "the best child was reused with the reward %.4f; trained again here for its weights, it %s"
            _log.warning(text, best.reward, found)
