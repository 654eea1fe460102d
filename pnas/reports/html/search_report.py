"""The report of one search, or of several side by side: one HTML file that needs nothing else."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from pnas.errors import InvalidValue
from pnas.records.training_record import Training
from pnas.reports.charts.front_charts import front_charts
from pnas.reports.charts.marks import CellMarks, colour_of
from pnas.reports.charts.plot import Plot
from pnas.reports.charts.prediction_chart import prediction_chart
from pnas.reports.charts.reward_chart import rewards_by_child, rewards_by_time
from pnas.reports.charts.trade_off_chart import parameters, trade_off_chart, training_seconds
from pnas.reports.charts.training_charts import learning_curves
from pnas.reports.charts.worker_chart import worker_chart
from pnas.reports.data.advice import advise
from pnas.reports.data.headline import headline
from pnas.reports.data.operator_usage import input_usage, operator_usage
from pnas.reports.data.predictions import predicted_groups, stored_rank_correlations
from pnas.reports.data.run_comparison import noun_of
from pnas.reports.data.run_view import RunView
from pnas.reports.data.scored_cell import Phase, groups_of
from pnas.reports.html.comparison import comparison
from pnas.reports.html.drawn_cells import best_cells, network_of, trained_cells
from pnas.reports.html.hover_data import HoverGroup, hover_data
from pnas.reports.html.page import write_page
from pnas.reports.palette import run_colour
from pnas.reports.terminal.duration_table import duration_table
from pnas.reports.terminal.failure_table import failure_table
from pnas.reports.terminal.front_table import front_table, hypervolume_line
from pnas.reports.terminal.objective_errors_table import objective_errors_table
from pnas.reports.terminal.predictor_table import predictor_table
from pnas.reports.terminal.result_tables import best_table, stage_table
from pnas.reports.terminal.rung_table import rung_table
from pnas.reports.terminal.training_table import cells_table, members_table

REPORT = "report.html"

_BEST_LISTED = 15
_STAGES_LISTED = 40

# Children of all searches together; of more, a report of several searches leaves their own
# sections out.
_MOST_DETAILED = 3000


class PredictionPanel(NamedTuple):
    """One chart of predictions, and the heading above it."""

    heading: str
    chart: Markup


def write_report(runs: Sequence[RunView], path: Path, tasks: Collection[str] = ()) -> Path:
    """Write the report of ``runs`` to ``path`` (.html) and return the path.

    Args:
        runs: One search, or several to compare (see `check_comparable`).
        path: Path of the page.
        tasks: Names of the tasks that exist, which the advice may name.

    Raises:
        InvalidValue: Another suffix, or a search without a child that has ended.
    """
    _check_ended_children(runs)
    is_comparison = len(runs) > 1
    children = sum(len(run.children) for run in runs)
    detailed = [] if is_comparison and children > _MOST_DETAILED else list(runs)
    compared = comparison(runs) if is_comparison else None
    names = compared["names"] if compared else [runs[0].name]

    sections = []
    groups = []
    for index, (name, run) in enumerate(zip(names, detailed, strict=False)):
        sections.append({"name": name, "open": index == 0, **section(run, index, tasks)})
        groups.append(HoverGroup(name, run.cells, run.concat))
    values = {
        "title": f"{len(runs)} {noun_of(runs)}" if is_comparison else runs[0].name,
        "compared": compared,
        "sections": sections,
        "data": hover_data(groups),
    }
    return write_page(path, "report.html.j2", values)


def _check_ended_children(runs: Sequence[RunView]) -> None:
    key = "from" if len(runs) == 1 else "task.files"
    for run in runs:
        if not run.has_results:
            rule = "must be a run with at least one child that has ended"
            raise InvalidValue(key, rule, str(run.path))


def section(run: RunView, index: int, tasks: Collection[str] = ()) -> dict[str, Any]:
    """Return what the template shows of one run.

    Args:
        run: The run.
        index: Its number on the page.
        tasks: Names of the tasks that exist.
    """
    if run.training is not None:
        return _training_section(run, run.training, tasks)
    marks = CellMarks(run.cells, index)
    stages = run.stage_figures
    figures = headline(run)
    figures.pop("status")  # it has a badge of its own
    # Further trainings of a cell are no choice of operators.
    chosen = [cell for cell in run.cells if cell.phase is not Phase.CONFIRMATION]
    return {
        "run": run,
        "training": None,
        "facts": figures,
        "drawn": list(best_cells(run)),
        "network": network_of(run),
        "best": best_table(run.cells, _BEST_LISTED, winner=run.winner),
        "legend": [(group.name, colour_of(group)) for group in groups_of(run.cells)],
        "rewards": list(_reward_charts(run, marks)),
        "trade_offs": list(_trade_off_charts(run, marks)),
        "front": None if run.front is None else front_table(run.front),
        "front_charts": list(_front_charts(run, marks)),
        "front_about": "" if run.front is None else hypervolume_line(run.front),
        "predictions": list(_prediction_panels(run, marks)),
        "stages": stage_table(stages, last=_STAGES_LISTED),
        "predictor": predictor_table(stages, last=_STAGES_LISTED),
        "objective_errors": objective_errors_table(stages),
        "rungs": rung_table(run.rungs),
        "groups": groups_of(chosen),
        "operators": operator_usage(chosen),
        "inputs": input_usage(chosen),
        "time": duration_table(run),
        "workers": _svg_or_none(worker_chart(run, index)),
        "failures": failure_table(run),
        "config": _config(run.config),
        "advice": advise(run, tasks),
    }


def _training_section(run: RunView, training: Training, tasks: Collection[str]) -> dict[str, Any]:
    """Return what the template shows of a `task=train`."""
    figures = headline(run)
    figures.pop("status")
    legend = []
    for number, child in enumerate(run.children):
        legend.append((child.key, run_colour(number)))
    return {
        "run": run,
        "training": training,
        "facts": figures,
        "drawn": list(trained_cells(run, training)),
        "network": network_of(run),
        "cells": cells_table(training),
        "members": members_table(training),
        "curves": [plot.svg() for plot in learning_curves(run.children)],
        "legend": legend,
        "config": _config(run.config),
        "advice": advise(run, tasks),
    }


def _reward_charts(run: RunView, marks: CellMarks) -> Iterator[Markup]:
    yield rewards_by_child(run.cells, marks).plot.svg()
    if not run.is_tabular:
        # The time at which a table answered says nothing about the search.
        yield rewards_by_time(run, marks).plot.svg()


def _trade_off_charts(run: RunView, marks: CellMarks) -> Iterator[Markup]:
    time_label = "seconds of training"
    if run.is_tabular:
        time_label += ", as the table has them"
    for cost, label in ((parameters, "parameters"), (training_seconds, time_label)):
        plot = trade_off_chart(run.cells, marks, cost, label)
        if plot is not None:
            yield plot.svg()


def _front_charts(run: RunView, marks: CellMarks) -> Iterator[Markup]:
    if run.front is not None:
        for plot in front_charts(run, run.front, marks):
            yield plot.svg()


def _prediction_panels(run: RunView, marks: CellMarks) -> Iterator[PredictionPanel]:
    stored = stored_rank_correlations(run.stage_figures)
    for predicted in predicted_groups(run.cells, stored):
        name = predicted.group.title
        title = f"rewards against predictions, {name.lower()}"
        plot = prediction_chart([predicted], marks, title)
        yield PredictionPanel(f"{name}: {predicted.rho_text}", plot.svg())


def _svg_or_none(plot: Plot | None) -> Markup | None:
    return None if plot is None else plot.svg()


def _config(config: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the configuration group by group, the keys outside of groups first."""
    ungrouped = {}
    groups = []
    for key, value in config.items():
        if isinstance(value, Mapping):
            groups.append((str(key), _as_texts(value)))
        else:
            ungrouped[key] = value
    return [("", _as_texts(ungrouped)), *groups]


def _as_texts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    texts = []
    for key, value in values.items():
        text = "null" if value is None else str(value)
        texts.append((str(key), text))
    return texts
