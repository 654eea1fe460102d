"""The cells that ``cell=`` names, and the search they come from."""

import dataclasses
import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from pnas.children.network.builder import check_blocks
from pnas.config import Settings
from pnas.errors import InvalidValue, require
from pnas.records import ChildRecord, Journal
from pnas.records.run_directory import JOURNAL
from pnas.runs.command_context import Context
from pnas.runs.run_source import source_dir, stored_settings
from pnas.state_space import Cell, StateSpace, build_space
from pnas.state_space.named_cells import PRESETS
from pnas.state_space.operator_patterns import parse_operator

_TOP = re.compile(r"top([1-9][0-9]{0,3})")
_LEFT_TO_RUN = {"data": "digits", "child": "small"}
"""Groups that are the search's own unless something was chosen, with the option that conf/config.yaml has for them."""


class Chosen(NamedTuple):
    """Cells to train, best first, and the command's settings with what it leaves to the search they come from."""

    cells: list[Cell]
    settings: Settings


def chosen_cells(settings: Settings, context: Context) -> Chosen:
    """Read ``cell=`` and, where it names cells of a search, ``from=``.

    Raises:
        InvalidValue: an unknown name, text that is no cell, one that the space forbids, or too few cells in the search.
        RunDirectoryError: ``from`` is no search's directory.
    """
    source = None if settings.source is None else source_dir(settings)
    if source is not None:
        settings = _with_run(settings, context, source)
    cells = _cells(settings, context, source)
    for cell in cells:
        check_blocks(cell)
        for block in cell.blocks:
            for operator in block[1::2]:
                parse_operator(operator)
    return Chosen(cells, settings)


def _cells(settings: Settings, context: Context, source: Path | None) -> list[Cell]:
    text = "best" if settings.cell is None and source is not None else settings.cell
    if text is None:
        raise InvalidValue(
            "cell",
            f"must say what to train: a cell, {', '.join(PRESETS)}, or best with from=",
            None,
        )
    top = re.fullmatch(_TOP, text.strip())
    if text.strip() == "best" or top:
        return _best_of_run(text, int(top[1]) if top else 1, source)
    return [_written(text.strip(), settings, context)]


def _best_of_run(text: str, count: int, source: Path | None) -> list[Cell]:
    if source is None:
        raise InvalidValue("from", f"must name the search that cell={text} is taken from", None)
    with closing(Journal(source / JOURNAL)) as journal:
        children = [child for child in journal.children() if child.reward is not None]
    rule = f"must name at most the {len(children)} cells of {source} that have a reward"
    require(count <= len(children), "cell", rule, text)
    return [child.cell for child in _ranked(children)[:count]]


def _ranked(children: Sequence[ChildRecord]) -> list[ChildRecord]:
    """Best first; of equals the one asked for first, as `pnas.records.best_child` has it."""
    return sorted(
        children, key=lambda child: (-(child.reward or 0.0), child.b, child.position or 0)
    )


def _written(text: str, settings: Settings, context: Context) -> Cell:
    if text in PRESETS:
        return PRESETS[text]
    if "(" not in text:
        known = ", ".join((*PRESETS, "best", "top5"))
        raise InvalidValue(
            "cell", f"must be one of {known}, or look like (-1, 3x3 conv, -2, identity)", text
        )
    cell = Cell.parse(text)
    if any(key.partition(".")[0] == "state_space" for key in context.typed):
        build_space(settings.state_space).check(cell)
    return cell


def _with_run(settings: Settings, context: Context, source: Path) -> Settings:
    """Data and network are those of the search, unless the command chooses others."""
    stored = stored_settings(source)
    is_pnas = isinstance(build_space(stored.state_space), StateSpace)
    rule = "must be a search whose cells can be built as networks"
    require(is_pnas, "from", rule, settings.source)
    typed = {key.partition(".")[0] for key in context.typed}
    left = [
        g
        for g, option in _LEFT_TO_RUN.items()
        if g not in typed and context.choices.get(g, option) == option
    ]
    return dataclasses.replace(settings, **{group: getattr(stored, group) for group in left})
