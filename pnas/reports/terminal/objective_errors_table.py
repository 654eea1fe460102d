"""How well each objective was predicted, stage by stage, as a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pnas.reports.data.number_format import correlation
from pnas.reports.terminal.text_grid import Column, Grid


class _Row(NamedTuple):
    """The predictions of one objective for the cells of the stage after ``stage``."""

    stage: int
    objective: str
    errors: Mapping[str, Any]


def objective_errors_table(stages: Sequence[Mapping[str, Any]]) -> Grid | None:
    """Return one row a stage and objective; None if none but the reward was predicted.

    Args:
        stages: Stages as summary.json holds them.
    """
    rows = []
    for stage in stages:
        learned = stage.get("predictor") or {}
        for name, errors in (learned.get("objectives_next") or {}).items():
            if isinstance(errors, Mapping):
                rows.append(_Row(stage["b"], name, errors))
    if not rows:
        return None
    return Grid.of("Predicted objectives", _COLUMNS, rows)


def _number(name: str, show: Callable[[float], str]) -> Callable[[_Row], str]:
    def value(row: _Row) -> str:
        number = row.errors.get(name)
        return show(number) if isinstance(number, int | float) else ""

    return value


def _spearman(row: _Row) -> str:
    value = row.errors.get("spearman")
    low = row.errors.get("spearman_low")
    high = row.errors.get("spearman_high")
    if not all(isinstance(each, int | float) for each in (low, high)):
        return correlation(value)
    return f"{correlation(value)} [{low:.2f}, {high:.2f}]"


_COLUMNS = (
    Column("after stage", lambda row: str(row.stage)),
    Column("objective", lambda row: row.objective),
    Column("cells", _number("cells", lambda value: f"{value:,}"), about="of the next stage"),
    Column(
        "log error",
        _number("log_error", lambda value: f"{value:.3f}"),
        about="mean absolute difference of natural logarithms: 0.1 is about 10 %",
    ),
    Column("ρ next", _spearman, about="Spearman's rank correlation, with 95 % interval"),
)
