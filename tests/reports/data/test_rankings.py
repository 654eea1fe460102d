from collections.abc import Callable

from pnas.reports import ScoredCell
from pnas.reports.data.rankings import (
    Ranking,
    by_source,
    history_first,
    place_cells,
    ranking_line,
)

Make = Callable[..., ScoredCell]


def indices_of(ranking: Ranking) -> list[int]:
    return [place.index for place in ranking.places]


def test_only_ranked_cells_have_a_rank(search: list[ScoredCell]) -> None:
    assert indices_of(place_cells(search, "training")) == list(range(14))
    best_first = place_cells(search, "sorted")
    assert len(best_first.places) == 13
    assert best_first.last == 13
    values = [place.cell.value or 0.0 for place in best_first.places]
    assert values == sorted(values, reverse=True)


def test_a_failed_cell_is_placed_in_training_order_only(search: list[ScoredCell]) -> None:
    (failed,) = place_cells(search, "training").failed
    assert failed.index == 12
    assert place_cells(search, "sorted").failed == []


def test_equal_cells_are_placed_each(scored: Make) -> None:
    ranking = place_cells([scored(0.5), scored(0.5), scored(0.7)], "sorted")
    assert indices_of(ranking) == [2, 0, 1]


def test_lines_are_values_by_rank_or_the_best_so_far(scored: Make) -> None:
    cells = [scored(0.5), scored(0.9), scored(0.7)]
    by_rank = ranking_line(place_cells(cells, "sorted"))
    best_so_far = ranking_line(place_cells(cells, "training"))
    assert by_rank == [(1, 0.9), (2, 0.7), (3, 0.5)]
    assert best_so_far == [(1, 0.5), (2, 0.9), (3, 0.9)]


def test_history_comes_before_scores(scored: Make) -> None:
    cells = [
        scored(None, 0.4, source="scores_2.csv"),
        scored(0.5, source="history.csv"),
        scored(0.6, source="b.csv"),
    ]
    assert [cell.source for cell in history_first(cells)] == [
        "history.csv",
        "b.csv",
        "scores_2.csv",
    ]


def test_rankings_are_named_by_what_tells_them_apart(scored: Make) -> None:
    cells = [scored(0.5, source="runs/a/children.csv"), scored(0.6, source="runs/b/children.csv")]
    assert list(by_source(cells)) == ["a/children.csv", "b/children.csv"]
