"""What a page's script knows of each cell, to show it where the pointer rests: data only, which no browser runs."""

import json
from collections.abc import Sequence

from markupsafe import Markup

from pnas.errors import InvalidValue
from pnas.records import Status
from pnas.reports.graph import cell_graph
from pnas.reports.scores import ScoredCell
from pnas.reports.table import count, decimal, duration
from pnas.state_space import Cell


def hover_data(groups: Sequence[tuple[str, Sequence[ScoredCell]]]) -> Markup:
    """The cells of each named run or file as JSON that may stand inside a ``<script type="application/json">``."""
    operators: dict[str, int] = {}
    runs = [{"name": name, "cells": [_entry(cell, operators) for cell in cells]} for name, cells in groups]
    text = json.dumps({"runs": runs, "operators": list(operators)}, ensure_ascii=False, separators=(",", ":"))
    # No text of ours, or of anybody's file, may end the script element it stands in.
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _entry(cell: ScoredCell, operators: dict[str, int]) -> list[object]:
    return [str(cell.cell), _facts(cell), _blocks(cell.cell, operators)]


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


def _blocks(cell: Cell, operators: dict[str, int]) -> list[list[int]] | None:
    """Each block as source, operator, source, operator, ...; operators by their number in ``operators``."""
    try:
        graph = cell_graph(cell)
    except InvalidValue:
        return None
    return [
        [value for part in block for value in (part.source, operators.setdefault(part.operator, len(operators)))]
        for block in graph.blocks
    ]
