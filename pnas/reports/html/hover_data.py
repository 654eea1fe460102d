"""What a page's script knows of each cell, to show it where the pointer rests: data only, which no browser runs."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from pnas.errors import InvalidValue
from pnas.records import Status
from pnas.reports.cells.cell_graph import CellGraph, cell_graph
from pnas.reports.data.scored_cell import ScoredCell
from pnas.reports.terminal.result_tables import count, decimal, duration


class Group(NamedTuple):
    """A run's or a file's cells; ``concat`` says which blocks make a cell's output ("all" or "unused")."""

    name: str
    cells: Sequence[ScoredCell]
    concat: str = "all"


def hover_data(groups: Sequence[Group]) -> Markup:
    """The cells of each run or file as JSON that may stand inside a ``<script type="application/json">``."""
    operators: dict[str, int] = {}
    runs = [
        {
            "name": group.name,
            "cells": [_entry(cell, group.concat, operators) for cell in group.cells],
        }
        for group in groups
    ]
    text = json.dumps(
        {"runs": runs, "operators": list(operators)}, ensure_ascii=False, separators=(",", ":")
    )
    # No text of ours, or of anybody's file, may end the script element it stands in.
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _entry(cell: ScoredCell, concat: str, operators: dict[str, int]) -> list[object]:
    try:
        graph = cell_graph(cell.cell, concat)
    except InvalidValue:
        return [str(cell.cell), _facts(cell)]
    return [str(cell.cell), _facts(cell), _blocks(graph, operators), list(graph.outputs)]


def _facts(cell: ScoredCell) -> list[list[str]]:
    failure = (cell.error or "for no known reason") if cell.status is Status.FAILED else ""
    facts = {
        "stage": str(cell.stage),
        "reward": decimal(cell.reward),
        "predicted": decimal(cell.predicted),
        "parameters": count(cell.params),
        "multiply-adds": count(cell.flops),
        "time": duration(cell.seconds),
        "failed": failure[:300],
    }
    return [[name, value] for name, value in facts.items() if value]


def _blocks(graph: CellGraph, operators: dict[str, int]) -> list[list[int]]:
    """Each block as source, operator, source, operator, ...; operators by their number in ``operators``."""
    return [
        [
            value
            for part in block
            for value in (part.source, operators.setdefault(part.operator, len(operators)))
        ]
        for block in graph.blocks
    ]
