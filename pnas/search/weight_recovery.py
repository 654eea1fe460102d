"""Weights of the best child: where children leave theirs, and how lost ones are trained again."""

from pathlib import Path

from pnas.execution import Executor
from pnas.records import ChildJob, ChildRecord, Journal, best_child
from pnas.records.evaluation_cache import seed_if_cached


def weights_path(weights_dir: Path, key: str) -> Path:
    """Return the file for the weights of the child ``key``."""
    return weights_dir / f"{key}.npz"


def child_job(child: ChildRecord, weights_dir: Path | None) -> ChildJob:
    """Return the job that trains ``child``; it leaves its weights if there is a directory."""
    path = None
    if weights_dir is not None:
        path = str(weights_path(weights_dir, child.key))
    return ChildJob(child.cell, child.seed, path)


def restore_best_weights(journal: Journal, executor: Executor, weights_dir: Path | None) -> None:
    """Train the best child once more if its weights are gone.

    They are where another child was better under an earlier plan and is superseded now. Children of
    a cache have no weights, and are left alone.
    """
    best = best_child(journal.children())
    if best is None or weights_dir is None or seed_if_cached(best.metrics) is not None:
        return
    path = weights_path(weights_dir, best.key)
    if path.is_file():
        return
    for _, result in executor.run([child_job(best, weights_dir)]):
        journal.note("weights_restored", key=best.key, reward=result.reward)
        # Another machine or library may train other weights than those that were rewarded.
        if result.reward != best.reward:
            path.unlink(missing_ok=True)
