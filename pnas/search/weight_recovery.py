"""Weights of the best child: where children leave theirs, and how missing ones are made."""

import logging
from pathlib import Path

from pnas.execution import Executor
from pnas.records import ChildJob, ChildRecord, ChildResult, Journal, best_child
from pnas.records.evaluation_cache import seed_if_cached

_log = logging.getLogger(__name__)


def weights_path(weights_dir: Path, key: str) -> Path:
    """Return the file for the weights of the child ``key``."""
    return weights_dir / f"{key}.npz"


def child_job(child: ChildRecord, weights_dir: Path | None) -> ChildJob:
    """Return the job that trains ``child``; it leaves its weights if there is a directory."""
    path = None
    if weights_dir is not None:
        path = str(weights_path(weights_dir, child.key))
    return ChildJob(child.cell, child.seed, path)


def restore_best_weights(journal: Journal, executor: Executor, weights_dir: Path) -> None:
    """Train the best child once more if its weights are not there; its stored reward stays.

    They are gone where another child was better under an earlier plan and is superseded now. A
    child that was reused from a cache never had any here.

    Args:
        journal: Journal of the search.
        executor: Trains children, without the cache, which would answer without weights.
        weights_dir: Directory of the weights.
    """
    best = best_child(journal.children())
    if best is None:
        return
    path = weights_path(weights_dir, best.key)
    if path.is_file():
        return
    cached_seed = seed_if_cached(best.metrics)
    seed = best.seed if cached_seed is None else cached_seed
    for _, result in executor.run([ChildJob(best.cell, seed, str(path))]):
        journal.note("weights_restored", key=best.key, reward=result.reward)
        if result.reward == best.reward:
            continue
        # Another machine or library trains other weights than those that were rewarded. Those of a
        # child of a cache are kept: it can be neither tested nor exported with any others.
        _warn_of_other_reward(best, result)
        if cached_seed is None:
            path.unlink(missing_ok=True)


def _warn_of_other_reward(best: ChildRecord, result: ChildResult) -> None:
    found = "failed" if result.reward is None else f"has the reward {result.reward:.4f}"
    _log.warning(
        "the best child has the reward %.4f; trained again here for its weights, it %s",
        best.reward,
        found,
    )
