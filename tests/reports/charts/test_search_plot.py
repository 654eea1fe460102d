from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from support.svg_reading import size_of_png, texts_in

from pnas.reports import ScoredCell
from pnas.reports.charts.search_plot import plot_search
from pnas.reports.data.scored_cell import Phase

Make = Callable[..., ScoredCell]


def test_a_search_shows_its_best_and_how_well_it_was_predicted(
    search: list[ScoredCell], tmp_path: Path
) -> None:
    texts = texts_in(plot_search(search, tmp_path / "search.svg", title="a < b & $c$"))
    assert "best so far: 0.8000" in texts
    assert "b = 2: ρ = -1.00" in texts
    assert "b = 3: ρ = 1.00" in texts
    assert "a < b & $c$" in texts


def test_a_search_without_predictions_has_one_panel(
    search: list[ScoredCell], tmp_path: Path
) -> None:
    both, _ = size_of_png(plot_search(search, tmp_path / "both.png"))
    one, _ = size_of_png(plot_search(search[:6], tmp_path / "one.png"))
    assert both > 1.4 * one


def test_equal_predictions_have_no_rank_correlation(scored: Make, tmp_path: Path) -> None:
    cells = [scored(0.1 * i, 0.5, 2) for i in range(5)]
    assert "b = 2: ρ = n/a" in texts_in(plot_search(cells, tmp_path / "search.svg"))


def test_only_children_with_a_reward_are_counted(scored: Make, tmp_path: Path) -> None:
    cells = [scored(0.5), scored(0.6), scored(None, 0.7, 2)]
    assert "Reward of 2 children" in texts_in(plot_search(cells, tmp_path / "search.svg"))


def test_a_search_of_many_rounds_has_a_short_legend(scored: Make, tmp_path: Path) -> None:
    cells = [scored(0.5, None, 1), scored(0.6, 0.5, 2)]
    for round_number in range(40):
        cell = scored(0.7, 0.6, 2, stage=3 + round_number)
        cells.append(replace(cell, phase=Phase.REFINEMENT))
    texts = texts_in(plot_search(cells, tmp_path / "search.svg"))
    assert [text for text in texts if text.startswith(("b =", "refinement"))] == [
        "b = 1",
        "b = 2: ρ = n/a",
        "refinement: ρ = n/a",
    ]


def test_a_search_that_does_not_go_by_groups_has_no_boundaries(
    scored: Make, tmp_path: Path
) -> None:
    mixed = [scored(0.5, None, 1 + i % 2) for i in range(40)]
    grown = [scored(0.5, None, 1 + i // 20) for i in range(40)]
    dotted = 'stroke-dasharray="1 4"'
    assert dotted not in plot_search(mixed, tmp_path / "mixed.svg").read_text()
    assert dotted in plot_search(grown, tmp_path / "grown.svg").read_text()


def test_the_same_cells_give_the_same_file(search: list[ScoredCell], tmp_path: Path) -> None:
    first = plot_search(search, tmp_path / "a.svg").read_bytes()
    second = plot_search(search, tmp_path / "b.svg").read_bytes()
    assert first == second


def test_the_axis_of_rewards_covers_the_rewards_only(scored: Make, tmp_path: Path) -> None:
    cells = [scored(0.9 + 0.001 * i, 0.5 + 0.001 * i, 2) for i in range(9)]
    texts = texts_in(plot_search(cells, tmp_path / "search.svg"))
    assert "0.904" in texts
    assert not {"0.5", "0.6", "0.7"} & set(texts)
