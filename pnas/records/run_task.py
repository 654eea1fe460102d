"""Which task made a run, by its stored configuration."""

from collections.abc import Mapping
from typing import Any

TRAIN = "train"


def task_of(config: Mapping[str, Any] | None) -> str:
    """Return the name of the task that ``config`` was composed for; a search by default."""
    task = (config or {}).get("task")
    return str(task.get("name", "search")) if isinstance(task, Mapping) else "search"


def is_training(config: Mapping[str, Any] | None) -> bool:
    """Whether ``config`` is that of a `task=train`."""
    return task_of(config) == TRAIN
