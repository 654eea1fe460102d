from collections.abc import Callable
from pathlib import Path

import pytest

from pnas.reports import ScoredCell, plot_ranking, plot_search
from pnas.reports.charts.cell_marks import Mark
from pnas.reports.charts.figure_style import new_figure
from pnas.reports.data.outliers import leave_out_below, outliers_below

USUAL = [0.90 + 0.005 * i for i in range(18)]


@pytest.mark.parametrize(
    ("values", "outliers"),
    [
        ([*USUAL, 0.1], {0.1}),
        ([*USUAL, 0.1, 0.1], {0.1}),
        ([*USUAL, 0.1, 0.2, 0.1], set()),  # more than a tenth
        ([*USUAL, 0.85], set()),
        ([*USUAL, 0.73], {0.73}),
        ([*([0.9] * 30), 0.8, 0.7], {0.7, 0.8}),
        ([*([0.9] * 30), 0.5, 0.87, 0.86], {0.5, 0.86, 0.87}),
        (
            [*([0.9 + 0.0001 * i for i in range(30)]), 0.99, 0.85],
            set(),
        ),  # to leave it out would gain little
        (USUAL, set()),
        ([0.9] * 20, set()),
        ([*([0.9] * 20), 0.899], set()),
        ([0.1, 0.9, 0.9, 0.9], set()),
        ([], set()),
    ],
)
def test_few_and_far(values: list[float], outliers: set[float]) -> None:
    assert outliers_below(values) == outliers


def test_the_axis_ends_above_outliers() -> None:
    _, (axes,) = new_figure(4, 3)
    marks = [Mark(x, y, 1) for x, y in enumerate([*USUAL, 0.1])]
    assert leave_out_below(axes, marks, [Mark(0, 1.2, 1)]) is not None
    low, high = axes.get_ylim()
    assert 0.8 < low < 0.9
    assert 1.2 < high < 1.3


def test_without_outliers_the_axis_is_left_alone() -> None:
    _, (axes,) = new_figure(4, 3)
    before = axes.get_ylim()
    assert leave_out_below(axes, [Mark(x, y, 1) for x, y in enumerate(USUAL)]) is None
    assert axes.get_ylim() == before


@pytest.mark.parametrize("plot", [plot_ranking, plot_search])
def test_plots_name_what_they_leave_out(
    plot: Callable[..., Path], scored: Callable[..., ScoredCell], tmp_path: Path
) -> None:
    text = plot([scored(reward) for reward in [*USUAL, 0.1]], tmp_path / "plot.svg").read_text()
    assert ">below 0.90</text>" in text
