"""How well objectives were predicted, as the terminal and the report show it."""

from typing import Any

from pnas.reports.terminal.objective_errors_table import objective_errors_table

LATENCY = {
    "log_error": 0.0625,
    "cells": 5,
    "spearman": 0.9,
    "spearman_low": 0.25,
    "spearman_high": 0.98,
}


def stage(b: int, **objectives: Any) -> dict[str, Any]:
    return {"b": b, "predictor": {"objectives_next": objectives}}


def test_each_objective_of_each_stage_has_a_row() -> None:
    unknown = {"log_error": 0.5, "cells": 1, "spearman": None}
    table = objective_errors_table(
        [stage(1, latency_ms=LATENCY, train_seconds=unknown), {"b": 2, "predictor": None}]
    )
    assert table is not None
    assert [list(row) for row in table.rows] == [
        ["1", "latency_ms", "5", "0.062", "0.90 [0.25, 0.98]"],
        ["1", "train_seconds", "1", "0.500", ""],
    ]


def test_a_search_of_rewards_alone_has_no_table() -> None:
    assert objective_errors_table([{"b": 1, "predictor": {"loss": 0.25}}]) is None
