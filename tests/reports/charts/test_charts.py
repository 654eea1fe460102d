"""The charts of a report: what they show of the cells, and how they stay small."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.journals import make_run

from pnas.records import Status
from pnas.reports import ScoredCell
from pnas.reports.charts.curve_chart import CurveGroup, curve_chart, save_curves
from pnas.reports.charts.marks import CellMarks, interactive_cells
from pnas.reports.charts.reward_chart import rewards_by_child
from pnas.reports.charts.trade_off_chart import parameters, trade_off_chart
from pnas.reports.charts.worker_chart import worker_chart
from pnas.reports.data.run_reader import read_run

Make = Callable[..., ScoredCell]


def test_every_mark_of_few_cells_shows_its_cell(search: list[ScoredCell]) -> None:
    svg = rewards_by_child(search, CellMarks(search, run_index=2)).plot.svg()
    assert svg.count('data-c="2:') == len(search)


def test_marks_of_many_cells_are_dots_but_for_the_best_and_the_failed(scored: Make) -> None:
    cells = [scored(0.5 + 0.00001 * (7 * number % 9999)) for number in range(9999)]
    cells.append(scored(None, status=Status.FAILED))
    shown = interactive_cells(cells)
    assert len(shown) == 501
    assert {0, 9999} - shown == {0}
    svg = rewards_by_child(cells, CellMarks(cells)).plot.svg()
    assert svg.count("data-c=") == 501
    assert len(svg) < 300_000


def test_the_axis_ends_above_outliers(scored: Make) -> None:
    rewards = [*(0.90 + 0.005 * i for i in range(18)), 0.1]
    cells = [scored(reward) for reward in rewards]
    low, high = rewards_by_child(cells, CellMarks(cells)).plot.y
    assert 0.8 < low < 0.9
    assert 0.98 < high < 1.0


def test_non_dominated_cells_have_a_ring(scored: Make) -> None:
    cells = [
        scored(0.5, params=10),
        scored(0.4, params=20),
        scored(0.9, params=30),
        scored(0.8, params=30),
        scored(0.95),
    ]
    plot = trade_off_chart(cells, CellMarks(cells), parameters, "parameters")
    assert plot is not None
    assert plot.svg().count('pointer-events="none"') == 2 + 1  # two rings and their line


def test_a_cost_of_one_cell_has_no_chart(scored: Make) -> None:
    cells = [scored(0.5, params=10), scored(0.6)]
    assert trade_off_chart(cells, CellMarks(cells), parameters, "parameters") is None


def test_workers_have_a_bar_for_each_trained_child(tmp_path: Path) -> None:
    plot = worker_chart(read_run(make_run(tmp_path / "demo", (6,))))
    assert plot is not None
    assert plot.svg().count("<rect") == 6


def test_a_search_in_a_table_has_no_workers(tmp_path: Path) -> None:
    assert worker_chart(read_run(make_run(tmp_path / "demo", trainer__table="t.yaml"))) is None


@pytest.mark.parametrize(("curves", "lines"), [(1, 1), (3, 4)])
def test_curves_that_differ_in_their_seed_have_a_mean(curves: int, lines: int) -> None:
    group = CurveGroup("gp", [[(1.0, 0.5), (2.0, 0.6)]] * curves)
    svg = curve_chart([group], "children trained").svg()
    assert svg.count('stroke-linecap="round"') == lines


def test_curves_without_points(tmp_path: Path) -> None:
    group = CurveGroup("nothing yet", [[]])
    assert save_curves([group], tmp_path / "curves.png", "children", "title").is_file()
