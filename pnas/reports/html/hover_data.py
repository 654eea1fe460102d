"""What a page's script knows of each cell: data only, which no browser runs."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from pnas.errors import InvalidValue
from pnas.reports.cells.cell_graph import CellGraph, cell_graph
from pnas.reports.charts.marks import interactive_cells
from pnas.reports.data.number_format import count, decimal, duration, stopping
from pnas.reports.data.scored_cell import ScoredCell
from pnas.reports.palette import EDGE, INK, OPERATOR_FAMILIES, PAPER, SOURCES

_LONGEST_ERROR = 300


class HoverGroup(NamedTuple):
    """The cells of a run or a file.

    Attributes:
        name: Name of the run or the file.
        cells: Its cells.
        concat: Blocks that make up a cell's output ("all" or "unused").
    """

    name: str
    cells: Sequence[ScoredCell]
    concat: str = "all"


def hover_data(groups: Sequence[HoverGroup]) -> Markup:
    """Return the cells as JSON that may be inside a ``<script type="application/json">``.

    ``runs`` holds the name and the cells of each group: the text of a cell, its facts, its blocks
    as (source, operator, ...) and its outputs; null for a cell whose marks do not respond. Blocks
    name operators by their positions in ``operators``. ``colours`` are those of drawings.
    """
    operators: dict[str, int] = {}
    runs = [_run(group, operators) for group in groups]
    colours = {
        "families": OPERATOR_FAMILIES,
        "sources": SOURCES,
        "edge": EDGE,
        "ink": INK,
        "paper": PAPER,
    }
    content = {"runs": runs, "operators": list(operators), "colours": colours}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # No text of ours, or of anybody's file, may end the script element that it is in.
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _run(group: HoverGroup, operators: dict[str, int]) -> dict[str, Any]:
    entries: list[list[object] | None] = [None] * len(group.cells)
    for index in sorted(interactive_cells(group.cells)):
        cell = group.cells[index]
        entries[index] = _entry(cell, group.concat, operators)
    return {"name": group.name, "cells": entries}


def _entry(cell: ScoredCell, concat: str, operators: dict[str, int]) -> list[object]:
    entry: list[object] = [str(cell.cell), _facts(cell)]
    try:
        graph = cell_graph(cell.cell, concat)
    except InvalidValue:
        return entry  # a cell of a space of an extension, which has no drawing
    return [*entry, _blocks(graph, operators), list(graph.outputs)]


def _facts(cell: ScoredCell) -> list[list[str]]:
    failure = ""
    if cell.has_failed:
        failure = cell.error or "for no known reason"
    facts = {
        "stage": str(cell.stage),
        "reward": decimal(cell.reward),
        "predicted": decimal(cell.predicted),
        "parameters": count(cell.params),
        "multiply-adds": count(cell.flops),
        "training": duration(cell.seconds),
        "stopped early": stopping(cell.stopped_after),
        "failed": failure[:_LONGEST_ERROR],
    }
    return [[name, value] for name, value in facts.items() if value]


def _blocks(graph: CellGraph, operators: dict[str, int]) -> list[list[int]]:
    """Return each block as source, operator, source, operator, ..."""
    blocks = []
    for operands in graph.blocks:
        block = []
        for operand in operands:
            number = operators.setdefault(operand.operator, len(operators))
            block += [operand.source, number]
        blocks.append(block)
    return blocks
