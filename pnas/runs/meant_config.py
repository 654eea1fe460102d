"""What a command means: its strategy where it names none, and its budget in minutes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from pnas.config import plain_config
from pnas.config.former_default import (
    began_by_former_default,
    chooses_search,
    former_search,
    sets_K,
)
from pnas.config.minutes import with_minutes
from pnas.errors import RunDirectoryError
from pnas.records import Journal
from pnas.records.run_directory import JOURNAL
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.system.console import print_line


def meant_config(config: DictConfig | Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return ``config`` as plain data, with the strategy and the budget that the command means.

    Args:
        config: Composed configuration.
        context: The command around the task.

    Raises:
        InvalidValue: A budget in minutes that does not fit.
    """
    values = _as_plain(config)
    is_search = (values.get("task") or {}).get("name", "search") == "search"
    if is_search and not chooses_search(context.choices, context.typed):
        reason = _reason_for_former_default(values, context)
        if reason:
            values["search"] = former_search(values.get("search") or {}, context.typed)
            print_line(context.console, f"search=progressive: {reason}")
    return with_minutes(values, context.typed)


def _reason_for_former_default(values: Mapping[str, Any], context: Context) -> str:
    """Return why the command means the former default; "" if it does not."""
    stored = _stored_search(context.run_dir)
    if stored is not None:
        run = relative(context.run_dir)
        return f"what {run} was started with" if began_by_former_default(stored) else ""
    if sets_K(values.get("controller") or {}, context.typed):
        return "the strategy that reads controller.K (search=mixed, the default, reads no K)"
    return ""


def _as_plain(config: DictConfig | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(config, DictConfig):
        return plain_config(config)
    return dict(config)


def _stored_search(run_dir: Path) -> Mapping[str, Any] | None:
    """Return the group ``search`` that a run was started with; None if there is no such run."""
    try:
        with Journal(run_dir / JOURNAL) as journal:
            config = journal.meta("config")
    except (RunDirectoryError, OSError):
        # None, damaged, or under a name that no file can have, which is refused hereafter.
        return None
    if not isinstance(config, Mapping):
        return None
    search = config.get("search")
    return search if isinstance(search, Mapping) else {}
