"""A search's part in the evaluation cache (``cache.path``): what it takes and what it adds."""

from typing import Any

from pnas.children import network_specs, stored_trainers
from pnas.config import Settings
from pnas.execution import Executor, visible_gpus
from pnas.execution.cached_executor import CachedExecutor
from pnas.records.evaluation_cache import EvaluationCache, context_of
from pnas.state_space import SlotSpace

_LIMITS = ("max_params", "max_madds")
"""Keys of the trainer that decide which cells are trained, and not what comes of it."""


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
    recipe = stored_trainers.flat_mapping(settings.trainer)
    for key in (*_LIMITS, "device"):
        del recipe[key]
    return recipe


def _device(settings: Settings) -> str:
    """Return the kind of device that children run on, whatever was asked for."""
    is_on_gpu = settings.trainer.device != "cpu" and bool(visible_gpus())
    return "gpu" if is_on_gpu else "cpu"
