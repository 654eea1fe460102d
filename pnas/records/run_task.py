"""Which task made a run, by its stored configuration."""

from collections.abc import Mapping
from typing import Any

TRAIN = "train"

_KINDS = {
    "train": "a training",
    "tabulate": "a tabulation",
    "preflight": "a preflight",
}
_SEARCH = "a search"
"""What the run of any other task is."""


def task_of(config: Mapping[str, Any] | None) -> str:
    """Return the name of the task that ``config`` was composed for; a search by default."""
    task = (config or {}).get("task")
    return str(task.get("name", "search")) if isinstance(task, Mapping) else "search"


def kind_of(config: Mapping[str, Any] | None) -> str:
    """Return what the run of ``config`` is called, such as ``a search``."""
    return kind_of_task(task_of(config))


def kind_of_task(task: str) -> str:
    """Return what a run of the task called ``task`` is called."""
    return _KINDS.get(task, _SEARCH)


def is_search(config: Mapping[str, Any] | None) -> bool:
    """Whether ``config`` is that of a search."""
    return kind_of(config) == _SEARCH


def is_training(config: Mapping[str, Any] | None) -> bool:
    """Whether ``config`` is that of a `task=train`."""
    return task_of(config) == TRAIN
