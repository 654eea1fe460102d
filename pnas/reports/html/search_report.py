"""The report of one search, or of several side by side: one HTML file that needs nothing else."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pnas.children.spec import NetworkSpec
from pnas.errors import InvalidValue
from pnas.records import ChildRecord, Journal, summarize
from pnas.records.run_directory import JOURNAL
from pnas.reports.cells.cell_svg import cell_svg
from pnas.reports.cells.network_drawing import network_svg
from pnas.reports.charts.figure_style import stage_colour
from pnas.reports.charts.report_charts import (
    predictions,
    rewards_by_child,
    rewards_by_time,
    worker_lanes,
)
from pnas.reports.data.advice import advise
from pnas.reports.data.operator_usage import input_use, operator_use
from pnas.reports.data.predictor_diagnostics import predictor_table
from pnas.reports.data.run_comparison import compared
from pnas.reports.data.run_reader import RunView
from pnas.reports.data.scored_cell import from_children, ranked, stages_of
from pnas.reports.data.stage_durations import time_table
from pnas.reports.html.hover_data import Group, hover_data
from pnas.reports.html.page import write_page
from pnas.reports.terminal.result_tables import (
    best_table,
    correlation,
    decimal,
    duration,
    stage_table,
)
from pnas.reports.terminal.text_grid import Column, Grid

REPORT = "report.html"
_DRAWN = 3
_LISTED = 15
_FAILURES = 50
_MOST_DETAILED = 3000
"""Children of all runs together; above this a report of several runs leaves their own sections out."""


def write_report(runs: Sequence[RunView], path: Path, tasks: Collection[str] = ()) -> Path:
    """Write the report of ``runs`` to ``path`` (.html) and return the path.

    Args:
        runs: one, or several to compare; see `check_comparable`.
        path: of the page.
        tasks: those that exist, which the advice may name.

    Raises:
        InvalidValue: another suffix, or a run without a child that has ended.
    """
    for run in runs:
        if not run.ended:
            key = "from" if len(runs) == 1 else "task.files"
            raise InvalidValue(
                key, "must be a run with at least one child that has ended", str(run.path)
            )
    sections = [section(run, index, tasks) for index, run in enumerate(runs)]
    if len(runs) > 1 and sum(len(run.children) for run in runs) > _MOST_DETAILED:
        sections = []
    shown = runs if sections else []
    groups = [Group(run.name, from_children(run.children), _concat(run)) for run in shown]
    values = {
        "title": runs[0].name if len(runs) == 1 else f"{len(runs)} searches",
        "compared": compared(runs) if len(runs) > 1 else None,
        "sections": sections,
        "data": hover_data(groups),
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    return write_page(path, "report.html.j2", values)


def section(run: RunView, index: int, tasks: Collection[str] = ()) -> dict[str, Any]:
    """What the template shows of one run."""
    scored = from_children(run.children)
    with Journal(run.path / JOURNAL) as journal:
        stages = summarize(journal)["stages"]
    judged = [
        b for b in stages_of(scored) if any(c.predicted is not None and c.b == b for c in run.ended)
    ]
    return {
        "run": run,
        "facts": facts(run),
        "drawn": list(_drawn(run)),
        "network": _network(run),
        "best": best_table(scored, _LISTED),
        "legend": [(b, stage_colour(b)) for b in stages_of(scored)],
        "rewards": [rewards_by_child(run, index), rewards_by_time(run, index)],
        "judged": [(b, _rho(stages, b), predictions(run, b, index)) for b in judged],
        "stages": stage_table(stages),
        "predictor": predictor_table(stages),
        "operators": operator_use(run.children),
        "inputs": input_use(run.children),
        "time": time_table(run),
        "lanes": worker_lanes(run, index),
        "failures": _failure_table(run),
        "config": _config(run.config),
        "advice": advise(run, tasks),
        "open": index == 0,
    }


def facts(run: RunView) -> list[tuple[str, str]]:
    """The figures at the head of a run's report."""
    best = run.best
    started = (
        ""
        if run.started_at is None
        else datetime.fromtimestamp(run.started_at, UTC).strftime("%Y-%m-%d %H:%M")
    )
    known = {
        "status": run.status,
        "best reward": decimal(best.reward if best else None),
        "its test accuracy": decimal(run.test_accuracy),
        "children trained": f"{run.trained:,}",
        "failed": f"{len(run.failed):,}" if run.failed else "",
        "time": duration(run.seconds),
        "predictor": run.predictor,
        "ρ at the last stage": correlation(run.last_rho),
        "seed": str(run.value("seed", "")),
        "started (UTC)": started,
    }
    return [(name, value) for name, value in known.items() if value]


def _drawn(run: RunView) -> Iterator[tuple[str, str, Markup | None]]:
    """The best cells: a caption, the cell as text, and its drawing."""
    children = {child.cell: child for child in run.children if child.reward is not None}
    for place, cell in enumerate(ranked(from_children(children.values()))[:_DRAWN], start=1):
        child = children[cell.cell]
        caption = f"{place}. reward {decimal(child.reward)}" + _parameters(child)
        yield caption, str(child.cell), _drawing(run, child)


def _parameters(child: ChildRecord) -> str:
    return "" if child.params is None else f", {child.params:,} parameters"


def _drawing(run: RunView, child: ChildRecord) -> Markup | None:
    try:
        return cell_svg(child.cell, _concat(run))
    except InvalidValue:
        return None  # a cell of a kind that has no drawing; its text stands beside


def _concat(run: RunView) -> str:
    return "unused" if run.value("child.concat") == "unused" else "all"


def _network(run: RunView) -> Markup | None:
    if run.value("trainer.table") is not None:
        return None  # nothing was built
    try:
        return network_svg(NetworkSpec(**run.value("child")), run.best.cell if run.best else None)
    except (TypeError, InvalidValue):
        return None  # written by another version, or not by us


def _rho(stages: Sequence[Mapping[str, Any]], b: int) -> str:
    before = next((stage for stage in stages if stage["b"] == b - 1), {})
    rho = (before.get("predictor") or {}).get("spearman_next")
    return "not defined yet" if rho is None else f"{rho:.2f}"


def _failure_table(run: RunView) -> Grid | None:
    if not run.failed:
        return None
    title = f"{len(run.failed)} failed" + (
        f", the first {_FAILURES} of them" if len(run.failed) > _FAILURES else ""
    )
    return Grid.of(title, _FAILURE_COLUMNS, run.failed[:_FAILURES])


_FAILURE_COLUMNS = (
    Column("b", lambda child: str(child.b)),
    Column("attempts", lambda child: str(child.starts or "")),
    Column("after", lambda child: duration(child.seconds)),
    Column("why", lambda child: child.error or "for no known reason", prose=True),
    Column("cell", lambda child: str(child.cell), prose=True),
)


def _config(config: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The configuration group by group, the keys outside of groups first."""
    plain = [
        (str(key), str(value)) for key, value in config.items() if not isinstance(value, Mapping)
    ]
    groups = [
        (
            str(group),
            [(str(key), "null" if value is None else str(value)) for key, value in values.items()],
        )
        for group, values in config.items()
        if isinstance(values, Mapping)
    ]
    return [("", plain), *groups]
