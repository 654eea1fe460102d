"""Several searches side by side: what differs between them, how far each came, and when."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pnas.errors import InvalidValue
from pnas.records.resumability import differences
from pnas.reports.cells.cell_svg import cell_svg
from pnas.reports.cells.palette import run_colour
from pnas.reports.charts.report_charts import Curve, best_so_far, overlay, overlay_times
from pnas.reports.data.run_reader import RunView
from pnas.reports.terminal.result_tables import correlation, count, decimal, duration
from pnas.reports.terminal.text_grid import Column, Grid

_SPACE = ("kind", "operators", "input_lookback_depth", "input_lookforward_depth")
"""What makes a state space another one; B only says how far into it a search goes."""

_WITHOUT_MEANING = ("name", "from", "plan_only", "task", "tracking", "executor", "cache")
_DRAWN = 4


def check_comparable(runs: Sequence[RunView]) -> None:
    """Refuse runs whose rewards say nothing about each other: of another space, or measured on other data.

    Raises:
        InvalidValue: names two of the runs and what differs.
    """
    first = runs[0]
    for run in runs[1:]:
        for key in (f"state_space.{name}" for name in _SPACE):
            _require_equal(key, first, run, first.value(key), run.value(key))
        if None not in (first.fingerprint, run.fingerprint):
            _require_equal("data", first, run, first.fingerprint, run.fingerprint)


def _require_equal(key: str, first: RunView, run: RunView, expected: Any, received: Any) -> None:
    if expected != received:
        rule = f"runs must have the same {key}, unless task.mixed=true; {first.path} has {json.dumps(expected)}"
        raise InvalidValue(
            "task.files", f"{rule}, {run.path} {json.dumps(received)}", str(run.path)
        )


def compared(runs: Sequence[RunView]) -> dict[str, Any]:
    """What the template shows of all runs together."""
    names = _names(runs)
    named = list(zip(names, runs, strict=True))
    by_child, by_time = (
        [Curve(n, i, best_so_far(r, t)) for i, (n, r) in enumerate(named)] for t in (False, True)
    )
    return {
        "runs": [(index, name, run_colour(index)) for index, name in enumerate(names)],
        "table": comparison_table(runs),
        "differences": difference_table(runs),
        "curves": [overlay(by_child, "children trained"), overlay_times(by_time)],
        "drawn": list(_drawn(runs, names)),
    }


def comparison_table(runs: Sequence[RunView]) -> Grid:
    """One row a search, best first, with the configured values in which they differ."""
    keys = _differing(runs)
    ordered = sorted(zip(_names(runs), runs, strict=True), key=lambda item: -_reward(item[1]))
    settings = [
        Column(key, _setting(key), prose=True)
        for key in keys[:6]
        if key not in ("controller.predictor",)
    ]
    return Grid.of("Searches, best first", [*_COLUMNS, *settings], ordered)


def difference_table(runs: Sequence[RunView]) -> Grid | None:
    """One row for each configured value in which the runs differ; None if they do in nothing."""
    keys = _differing(runs)
    names = _names(runs)
    if not keys:
        return None
    columns = [
        Column(name, _value_in(run), prose=True) for name, run in zip(names, runs, strict=True)
    ]
    return Grid.of("What differs", [Column("key", str, prose=True), *columns], keys)


def _names(runs: Sequence[RunView]) -> list[str]:
    """A name for each run; with its directory where two have the same."""
    names = [run.name for run in runs]
    return [str(run.path) if names.count(run.name) > 1 else run.name for run in runs]


def _differing(runs: Sequence[RunView]) -> list[str]:
    meaning = [_meaning(run.config) for run in runs]
    keys = {key for other in meaning[1:] for key, *_ in differences(meaning[0], other)}
    return sorted(
        keys, key=lambda key: (not key.startswith(("controller", "state_space", "search")), key)
    )


def _meaning(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in _WITHOUT_MEANING}


def _value_in(run: RunView) -> Any:
    return lambda key: _as_text(run.value(key))


def _setting(key: str) -> Any:
    return lambda item: _as_text(item[1].value(key))


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _reward(run: RunView) -> float:
    return -1.0 if run.best is None or run.best.reward is None else run.best.reward


def _drawn(
    runs: Sequence[RunView], names: Sequence[str]
) -> Iterator[tuple[str, str, Markup | None]]:
    ordered = sorted(zip(names, runs, strict=True), key=lambda item: -_reward(item[1]))
    for name, run in ordered[:_DRAWN]:
        if run.best is not None:
            try:
                picture = cell_svg(
                    run.best.cell, "unused" if run.value("child.concat") == "unused" else "all"
                )
            except InvalidValue:
                picture = None
            yield f"{name}: reward {decimal(run.best.reward)}", str(run.best.cell), picture


_COLUMNS = (
    Column("search", lambda item: item[0], prose=True),
    Column("status", lambda item: item[1].status, prose=True),
    Column("best", lambda item: decimal(item[1].best.reward if item[1].best else None)),
    Column("test", lambda item: decimal(item[1].test_accuracy)),
    Column("b", lambda item: str(len(item[1].best.cell)) if item[1].best else ""),
    Column("children", lambda item: count(item[1].trained)),
    Column("failed", lambda item: count(len(item[1].failed)) if item[1].failed else ""),
    Column("predictor", lambda item: item[1].predictor, prose=True),
    Column("ρ", lambda item: correlation(item[1].last_rho)),
    Column("time", lambda item: duration(item[1].seconds)),
)
