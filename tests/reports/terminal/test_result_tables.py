import io
from collections.abc import Callable

import pytest
from rich.console import Console
from support.winners import stored_winner

from pnas.reports import ScoredCell
from pnas.reports.data.number_format import duration
from pnas.reports.terminal.result_tables import best_table, ranking_table, stage_table
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.state_space import Cell


def lines_of(grid: Grid) -> list[str]:
    return grid.plain().splitlines()


def test_a_ranking_best_first(search: list[ScoredCell]) -> None:
    title, header, first, *rest = lines_of(ranking_table(search, top=3))
    assert title == "14 cells, best first (the first 3)"
    assert header.split() == ["rank", "reward", "predicted", "blocks", "cell"]
    assert first.split()[:4] == ["1", "0.8000", "0.6000", "3"]
    assert len(rest) == 2


def test_a_ranking_in_training_order(search: list[ScoredCell]) -> None:
    title, header, *rows = lines_of(ranking_table(search, order="training"))
    assert title == "14 cells, in training order"
    assert header.split() == ["child", "reward", "predicted", "blocks", "cell", "failed"]
    assert [row.split()[1] for row in rows[:3]] == ["0.5000", "0.5500", "0.6000"]
    assert rows[12].endswith("out of memory")


def test_files_are_named_where_there_are_several(scored: Callable[..., ScoredCell]) -> None:
    cells = [scored(0.5, source="runs/a/children.csv"), scored(0.6, source="runs/b/children.csv")]
    assert lines_of(ranking_table(cells))[2].endswith("  b/children.csv")
    assert "children.csv" not in ranking_table(cells[:1]).plain()


def test_the_best_cells_have_rewards(search: list[ScoredCell]) -> None:
    assert len(lines_of(best_table(search, top=100))) == 2 + 13
    assert len(lines_of(best_table(search))) == 2 + 5


def test_the_winner_is_the_first_and_marked(scored: Callable[..., ScoredCell]) -> None:
    cells = [scored(0.5, key="ab"), scored(0.5, key="ab-2"), scored(0.7, key="cd"), scored(0.6)]
    _, header, *rows = lines_of(best_table(cells, winner=stored_winner(key="ab")))
    assert header.split()[:3] == ["rank", "winner", "reward"]
    assert [row.split()[1] == "*" for row in rows] == [True, False, False]
    only = lines_of(best_table(cells, top=1, winner=stored_winner(key="ab")))
    assert only[2:] == rows[:1]


def test_without_a_winner_there_is_no_column_of_it(search: list[ScoredCell]) -> None:
    assert "winner" not in best_table(search).plain()


def test_nothing_to_show() -> None:
    assert lines_of(ranking_table([])) == ["0 cells, best first"]
    assert lines_of(best_table([])) == ["Best cells"]


FIRST_STAGE = {
    "b": 1,
    "candidates_scored": 256,
    "unique_candidates": 136,
    "children": 136,
    "failed": 2,
    "best_reward": 0.93,
    "mean_reward": 0.9,
    "seconds_training": 3700.0,
    "seconds_scoring": 0.25,
    "predictor": {"kind": "lstm", "loss": 0.01234, "spearman_fit": 0.875, "spearman_next": None},
}
SECOND_STAGE = {
    "b": 2,
    "candidates_scored": 40800,
    "children": 8,
    "failed": 0,
    "predictor": None,
}


def test_stages() -> None:
    _, header, first, second = lines_of(stage_table([FIRST_STAGE, SECOND_STAGE]))
    assert header.split()[:6] == ["stage", "candidates", "children", "failed", "best", "mean"]
    assert " ".join(first.split()) == "1 256 136 2 0.9300 0.9000 0.0123 0.88 62 min 0.2 s"
    assert second.split() == ["2", "40,800", "8", "0"]
    assert "ρ next" not in header  # nothing known of it yet


def test_a_stage_that_is_being_trained_says_how_far_it_is() -> None:
    stage = {**SECOND_STAGE, "trained": 3, "failed": 1}
    _, header, row = lines_of(stage_table([stage]))
    assert header.split() == ["stage", "candidates", "children", "trained", "failed"]
    assert row.split() == ["2", "40,800", "8", "3", "1"]
    done = {**SECOND_STAGE, "trained": 7, "failed": 1}
    assert "trained" not in stage_table([done]).plain()


def test_children_that_break_a_limit_are_not_awaited() -> None:
    stage = {**SECOND_STAGE, "trained": 5, "failed": 1, "left_out": 2}
    _, header, row = lines_of(stage_table([stage]))[:3]
    assert " ".join(header.split()) == "stage candidates children failed left out"
    assert row.split() == ["2", "40,800", "8", "1", "2"]


def test_of_many_stages_the_last_are_shown() -> None:
    stages = [{**SECOND_STAGE, "b": b} for b in range(1, 101)]
    lines = lines_of(stage_table(stages, last=40))
    assert lines[0] == "Stages (the last 40 of 100)"
    assert lines[2].split()[0] == "61"
    assert len(lines) == 2 + 40


def test_figures_of_the_predictor_are_defined() -> None:
    gp = {**FIRST_STAGE, "predictor": {"kind": "gp", "loss": -0.37, "spearman_fit": 0.9}}
    notes = " ".join(stage_table([gp]).notes)
    assert "negative log likelihood per cell" in notes
    assert "Spearman's rank correlation" in notes


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.95, "10 s"),
        (99.4, "99 s"),
        (99.6, "1.7 min"),
        (3600, "60 min"),
        (7200, "2.0 h"),
        (3.6e6, "1,000 h"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


# -- how a grid shows ---


def show(grid: Grid, terminal: bool, width: int = 80) -> str:
    file = io.StringIO()
    grid.print(Console(file=file, force_terminal=terminal, width=width, color_system=None))
    return file.getvalue()


def test_plain_where_there_is_no_terminal() -> None:
    cell = Cell([(-1, "3x3 dconv", -2, "identity")] * 9)
    text = show(ranking_table([ScoredCell(cell, 0.5, None, 9)]), terminal=False)
    assert len(text.splitlines()) == 3
    assert str(cell) in text
    assert text.isascii()


def test_a_terminal_wraps_prose_and_keeps_figures(search: list[ScoredCell]) -> None:
    text = show(ranking_table(search), terminal=True, width=60)
    assert all(len(line) <= 60 for line in text.splitlines())
    assert "0.8000" in text
    assert "…" not in text


@pytest.mark.parametrize("terminal", [True, False])
def test_names_are_no_markup(terminal: bool) -> None:
    grid = Grid.of(
        "title", [Column("cell", str, prose=True)], ["[red]x[/red] [/] :smile:", "two\nlines"]
    )
    text = show(grid, terminal)
    assert "[red]x[/red] [/] :smile:" in text
    assert "two lines" in text


def test_a_console_may_print_it_too() -> None:
    cell = Cell([(-1, "3x3 dconv", -2, "identity")] * 9)
    file = io.StringIO()
    Console(file=file, width=60).print(ranking_table([ScoredCell(cell, 0.5, None, 9)]))
    assert file.getvalue().count("dconv") == 9
    assert max(map(len, file.getvalue().splitlines())) <= 60
