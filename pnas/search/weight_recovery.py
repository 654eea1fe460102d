"""Weights of children: where they leave theirs, and how missing ones are made."""

import logging
from pathlib import Path

from pnas.execution import Executor
from pnas.records import ChildJob, ChildRecord, ChildResult, Journal, best_child
from pnas.records.cell_trainings import cell_key, is_repeated, repeat_of, short_epochs
from pnas.records.evaluation_cache import seed_if_cached
from pnas.records.stop_rule import StopRule

_log = logging.getLogger(__name__)


def weights_path(weights_dir: Path, key: str) -> Path:
    """Return the file for the weights of the child ``key``."""
    return weights_dir / f"{key}.npz"


def kept_training_path(kept_dir: Path, key: str) -> Path:
    """Return the file in which the trainings of the cell of the child ``key`` are kept."""
    return kept_dir / f"{cell_key(key)}.npz"


def child_job(
    child: ChildRecord,
    weights_dir: Path | None,
    kept_dir: Path | None = None,
    stop_rule: StopRule | None = None,
    first_seed: int | None = None,
) -> ChildJob:
    """Return the job that trains ``child``.

    It leaves its weights if there is a directory, unless the training is a short one, whose
    weights nothing needs.

    Args:
        child: The child.
        weights_dir: Directory for the weights of children; None to keep none.
        kept_dir: Directory of the short trainings that longer ones continue; None where each begins
            anew.
        stop_rule: What may stop children of its stage early; None to train each to its end.
        first_seed: Seed of the first training of its cell; None where it is this one.
    """
    epochs = short_epochs(child.key)
    path = None
    if weights_dir is not None and epochs is None:
        path = str(weights_path(weights_dir, child.key))
    kept = None
    if kept_dir is not None and not is_repeated(child):
        kept = str(kept_training_path(kept_dir, child.key))
    rule = None if stop_rule is None else stop_rule.of_child(child.predicted)
    return ChildJob(
        cell=child.cell,
        seed=child.seed,
        weights_path=path,
        epochs=epochs,
        kept_path=kept,
        stop_rule=rule,
        repeat=repeat_of(child.key),
        first_seed=first_seed,
    )


def restore_missing_weights(journal: Journal, executor: Executor, weights_dir: Path) -> None:
    """Train the best child, and a winner, once more if their weights are not there.

    They are gone where another child was better under an earlier plan and is superseded now, and
    where the winner is a cell that the budget left no further training. A child that was reused
    from a cache never had any here. Stored rewards stay.

    Args:
        journal: Journal of the search.
        executor: Trains children, without the cache, which would answer without weights.
        weights_dir: Directory of the weights.
    """
    for child in _without_weights(journal, weights_dir):
        _train_again(child, journal, executor, weights_path(weights_dir, child.key))


def _without_weights(journal: Journal, weights_dir: Path) -> list[ChildRecord]:
    """Return the children that need weights and have none: the best, and one of the winner's."""
    needed = {}
    best = best_child(journal.children())
    if best is not None and not weights_path(weights_dir, best.key).is_file():
        needed[best.key] = best
    winner = journal.meta("winner")
    if winner is not None:
        trainings = []
        for child in journal.children():
            if cell_key(child.key) == winner["key"] and child.reward is not None:
                trainings.append(child)
        has_weights = any(weights_path(weights_dir, each.key).is_file() for each in trainings)
        if trainings and not has_weights and not needed.keys() & {each.key for each in trainings}:
            needed[trainings[0].key] = trainings[0]
    return list(needed.values())


def _train_again(child: ChildRecord, journal: Journal, executor: Executor, path: Path) -> None:
    cached_seed = seed_if_cached(child.metrics)
    seed = child.seed if cached_seed is None else cached_seed
    for _, result in executor.run([ChildJob(child.cell, seed, str(path))]):
        journal.note("weights_restored", key=child.key, reward=result.reward)
        if result.reward == child.reward:
            continue
        # Another machine or library trains other weights than those that were rewarded. Those of a
        # child of a cache are kept: it can be neither tested nor exported with any others.
        _warn_of_other_reward(child, result)
        if cached_seed is None:
            path.unlink(missing_ok=True)


def _warn_of_other_reward(child: ChildRecord, result: ChildResult) -> None:
    found = "failed" if result.reward is None else f"has the reward {result.reward:.4f}"
    _log.warning(
        "%s has the reward %.4f; trained again here for its weights, it %s",
        child.cell,
        child.reward,
        found,
    )
