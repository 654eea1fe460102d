"""The part of a report that compares several searches."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from pnas.reports.charts.compared_fronts_chart import compared_fronts_charts
from pnas.reports.charts.curve_chart import CurveGroup, curve_chart, time_curve_chart
from pnas.reports.data.compared_fronts import compare_fronts
from pnas.reports.data.number_format import decimal
from pnas.reports.data.reward_curves import Points, best_by_children, best_by_time
from pnas.reports.data.run_comparison import RunGroup, group_by_seed, run_names
from pnas.reports.data.run_view import RunView
from pnas.reports.html.drawn_cells import DrawnCell, drawing_or_none
from pnas.reports.palette import run_colour
from pnas.reports.terminal.comparison_tables import (
    best_reward,
    comparison_table,
    difference_table,
    seed_table,
)
from pnas.reports.terminal.front_table import compared_fronts_table, reference_in_words

_DRAWN_RUNS = 4


class Toggle(NamedTuple):
    """A checkbox that shows and hides a line."""

    number: int
    name: str
    colour: str


def comparison(runs: Sequence[RunView]) -> dict[str, Any]:
    """Return what the template shows of all searches together."""
    names = run_names(runs)
    groups = group_by_seed(runs, names)
    toggles = []
    for number, group in enumerate(groups):
        toggles.append(Toggle(number, group.name, run_colour(number)))

    by_children = _curves(runs, groups, best_by_children)
    by_time = _curves(runs, groups, best_by_time)
    charts = [curve_chart(by_children, "children trained").svg()]
    if not any(run.is_tabular for run in runs):
        charts.append(time_curve_chart(by_time).svg())
    return {
        "names": names,
        "toggles": toggles,
        "seeds": seed_table(runs, groups),
        "table": comparison_table(runs, names),
        "differences": difference_table(runs, names),
        "curves": charts,
        "drawn": list(_drawn(runs, names)),
        **_fronts(runs, groups, names),
    }


def _fronts(
    runs: Sequence[RunView], groups: list[RunGroup], names: Sequence[str]
) -> dict[str, Any]:
    """Return the fronts of searches of several objectives; nothing of others."""
    compared = compare_fronts(runs)
    if compared is None:
        return {"fronts": None}
    charts = [plot.svg() for plot in compared_fronts_charts(compared, groups)]
    return {
        "fronts": compared_fronts_table(compared, names),
        "front_charts": charts,
        "front_reference": reference_in_words(compared.reference),
    }


def _curves(
    runs: Sequence[RunView], groups: Sequence[RunGroup], curve_of: Callable[[RunView], Points]
) -> list[CurveGroup]:
    found = []
    for group in groups:
        curves = [curve_of(runs[index]) for index in group.indices]
        found.append(CurveGroup(group.name, curves))
    return found


def _drawn(runs: Sequence[RunView], names: Sequence[str]) -> Iterator[DrawnCell]:
    named = list(zip(names, runs, strict=True))
    named.sort(key=lambda item: best_reward(item[1]), reverse=True)
    for name, run in named[:_DRAWN_RUNS]:
        best = run.best
        if best is not None:
            caption = f"{name}: reward {decimal(best.reward)}"
            picture = drawing_or_none(best.cell, run.concat)
            yield DrawnCell(caption, str(best.cell), picture)
