"""A search's part in the evaluation cache (``cache.path``): what it takes and what it adds."""

import logging
from pathlib import Path
from typing import Any

from pnas.children import network_specs, trainer_specs
from pnas.config import Settings
from pnas.execution import Executor, visible_gpus
from pnas.execution.cached_executor import CachedExecutor
from pnas.records import ChildJob, ChildResult, Journal, best_child
from pnas.records.evaluation_cache import EvaluationCache, context_of, seed_if_cached
from pnas.state_space import SlotSpace

_LIMITS = ("max_params", "max_madds")
"""Keys of the trainer that decide which cells are trained, and not what comes of it."""

_log = logging.getLogger(__name__)


def check_cache(settings: Settings) -> None:
    """Check that ``cache.path`` can be used, before any work starts.

    Raises:
        InvalidValue: See `EvaluationCache`.
    """
    if settings.cache.path is not None:
        EvaluationCache(settings.cache.path, context="")


def with_cache(
    executor: Executor, settings: Settings, space: SlotSpace, fingerprint: str
) -> Executor:
    """Return ``executor``, behind the cache if there is one.

    Args:
        executor: Trains children that the cache does not hold.
        settings: Settings of the command.
        space: State space of the children.
        fingerprint: Fingerprint of the data that they are trained on.
    """
    if settings.cache.path is None:
        return executor
    context = context_of(
        data=fingerprint,
        network=network_specs.flat_mapping(settings.child),
        trainer=_recipe(settings),
        device=_device(settings),
    )
    cache = EvaluationCache(settings.cache.path, context, settings.cache.any_seed)
    return CachedExecutor(executor, cache, space.key)


def _recipe(settings: Settings) -> dict[str, Any]:
    """Return the settings of the trainer that decide the reward of a cell."""
    recipe = trainer_specs.flat_mapping(settings.trainer)
    for key in (*_LIMITS, "device"):
        del recipe[key]
    return recipe


def _device(settings: Settings) -> str:
    """Return the kind of device that children run on, whatever was asked for."""
    is_on_gpu = settings.trainer.device != "cpu" and bool(visible_gpus())
    return "gpu" if is_on_gpu else "cpu"


def restore_cached_weights(journal: Journal, executor: Executor, weights_dir: Path) -> None:
    """Train the best child here if its reward is from the cache, which holds no weights.

    Args:
        journal: Journal of the search.
        executor: Trains children, without the cache.
        weights_dir: Directory of the weights, which the test of the best child needs.
    """
    best = best_child(journal.children())
    seed = None if best is None else seed_if_cached(best.metrics)
    if best is None or seed is None:
        return
    path = weights_dir / f"{best.key}.npz"
    if path.is_file():
        return
    for _, result in executor.run([ChildJob(best.cell, seed, str(path))]):
        if best.reward is not None and result.reward != best.reward:
            _warn_of_other_reward(best.reward, result)


def _warn_of_other_reward(expected: float, result: ChildResult) -> None:
    found = "failed" if result.reward is None else f"has the reward {result.reward:.4f}"
    _log.warning(
        "the best child was reused with the reward %.4f; trained again here for its weights, it %s",
        expected,
        found,
    )
