"""The cells that ``cell=`` names, and the search they come from."""

import dataclasses
import re
from pathlib import Path
from typing import Any, NamedTuple

from pnas.children.network.builder import check_blocks
from pnas.config import Settings, read_stored_settings
from pnas.config.groups import GROUPS, Group
from pnas.config.suggestions import rule_for_unread_key
from pnas.errors import InvalidValue, RunDirectoryError, require
from pnas.records import JournalReader
from pnas.records.earlier_training import open_run
from pnas.records.run_task import is_training
from pnas.records.training_journal import read_training
from pnas.records.training_record import Training
from pnas.reports.data.distinct_cells import best_cells_first
from pnas.reports.data.scored_cell import from_children
from pnas.runs.command_context import Context
from pnas.runs.front_selection import front_cells, is_front_selection
from pnas.runs.run_source import source_dir, stored_settings
from pnas.state_space import Cell, StateSpace, build_space
from pnas.state_space.named_cells import PRESETS
from pnas.state_space.operator_patterns import parse_operator

_TOP = re.compile(r"top([1-9][0-9]{0,3})")

INHERITED_GROUPS = {"data": "digits", "child": "small"}
"""Groups that are the search's unless something was chosen, with their defaults in conf/."""


class SelectedCells(NamedTuple):
    """Cells to train, and how.

    Attributes:
        cells: The cells, best first.
        settings: Settings of the command, with data and network of the search the cells are from.
    """

    cells: list[Cell]
    settings: Settings


def select_cells(settings: Settings, context: Context) -> SelectedCells:
    """Read ``cell=`` and, where it names cells of a search, ``from=``.

    Args:
        settings: Settings of the command.
        context: The command around the task.

    Raises:
        InvalidValue: An unknown name, text that is no cell, a cell that the space forbids, or a
            search with too few cells.
        RunDirectoryError: ``from`` is no search's directory.
    """
    source = None if settings.source is None else source_dir(settings)
    if source is not None:
        settings = _inherit_groups(settings, context, source)
    cells = _cells(settings, context, source)
    for cell in cells:
        _check_buildable(cell)
    return SelectedCells(cells, settings)


def _check_buildable(cell: Cell) -> None:
    check_blocks(cell)
    for block in cell.blocks:
        operators = block[1::2]
        for operator in operators:
            parse_operator(operator)


def _cells(settings: Settings, context: Context, source: Path | None) -> list[Cell]:
    text = settings.cell
    if text is None and source is not None:
        text = "best"
    if text is None:
        names = ", ".join(PRESETS)
        rule = f"must say what to train: a cell, {names}, or best with from="
        raise InvalidValue("cell", rule, None)

    stripped = text.strip()
    top = _TOP.fullmatch(stripped)
    if stripped == "best" or top:
        count = int(top[1]) if top else 1
        return _best_cells(text, count, source)
    if is_front_selection(stripped):
        if source is None:
            raise InvalidValue("from", f"must name the search that cell={text} is taken from", None)
        return front_cells(stripped, source)
    return [_parse(stripped, settings, context)]


def _best_cells(text: str, count: int, source: Path | None) -> list[Cell]:
    if source is None:
        raise InvalidValue("from", f"must name the search that cell={text} is taken from", None)
    with open_run(source) as journal:
        if is_training(journal.meta("config")):
            cells = _trained_cells(read_training(journal))
        else:
            cells = _searched_cells(journal)
    rule = f"must name at most the {len(cells)} cells of {source} that have a reward"
    require(count <= len(cells), "cell", rule, text)
    return cells[:count]


def _trained_cells(training: Training) -> list[Cell]:
    """Return the cells of a `task=train` by the mean reward of their trainings, best first."""
    cells = [cell for cell in training.cells() if cell["reward"]["mean"] is not None]
    cells.sort(key=lambda cell: -cell["reward"]["mean"])
    return [Cell.parse(cell["cell"]) for cell in cells]


def _searched_cells(journal: JournalReader) -> list[Cell]:
    """Return the cells of a search in the order of its table of best cells."""
    rewarded = [child for child in journal.children() if child.reward is not None]
    ordered = best_cells_first(from_children(rewarded), journal.meta("winner"))
    return [scored.cell for scored in ordered]


def _parse(text: str, settings: Settings, context: Context) -> Cell:
    if text in PRESETS:
        return PRESETS[text]
    if "(" not in text:
        known = ", ".join((*PRESETS, "best", "top5", "front", "front[1]"))
        rule = f"must be one of {known}, or look like (-1, 3x3 conv, -2, identity)"
        raise InvalidValue("cell", rule, text)

    cell = Cell.parse(text)
    if "state_space" in _typed_groups(context):
        build_space(settings.state_space).check(cell)
    return cell


def _inherit_groups(settings: Settings, context: Context, source: Path) -> Settings:
    """Return ``settings`` with data and network of the search, unless the command chose others.

    Keys that were typed change those of the search, as they change those of an option.
    """
    stored = stored_settings(source)
    is_buildable = isinstance(build_space(stored.state_space), StateSpace)
    rule = "must be a search whose cells can be built as networks"
    require(is_buildable, "from", rule, settings.source)

    begun = _begun_settings(context.run_dir)
    inherited = {}
    for group, default in INHERITED_GROUPS.items():
        is_chosen = context.choices.get(group, default) != default or group in context.typed
        # Earlier versions changed the keys of the default option.
        goes_on = begun is not None and getattr(begun, group) == getattr(settings, group)
        if not is_chosen and not goes_on:
            inherited[group] = _with_typed_keys(group, settings, context, stored)
    return dataclasses.replace(settings, **inherited)


def _begun_settings(run_dir: Path) -> Settings | None:
    """Return the settings of the training that this command continues; None if it begins one."""
    try:
        with open_run(run_dir) as journal:
            config = journal.meta("config")
    except (RunDirectoryError, OSError):
        # None, or damaged, which continuing it reports.
        return None
    return None if config is None else read_stored_settings(config)


def _with_typed_keys(group: str, settings: Settings, context: Context, stored: Settings) -> Any:
    """Return a group of the search with the keys of it that were typed for this command."""
    of_search = getattr(stored, group)
    changes = {}
    for key in sorted(context.typed):
        name, _, rest = key.partition(".")
        if name == group:
            first = rest.partition(".")[0]
            changes[first] = getattr(getattr(settings, group), first)
    _check_read(GROUPS[group], of_search, changes)
    return dataclasses.replace(of_search, **changes)


def _check_read(group: Group, of_search: Any, changes: dict[str, Any]) -> None:
    """Check that the option of the search reads every key of ``changes``."""
    known = {each.name for each in dataclasses.fields(of_search)}
    for key, value in changes.items():
        if key not in known:
            option = group.option_of(dataclasses.asdict(of_search))
            rule = rule_for_unread_key(group, key, type(of_search), option)
            raise InvalidValue(f"{group.name}.{key}", rule, value)


def _typed_groups(context: Context) -> set[str]:
    return {key.partition(".")[0] for key in context.typed}
