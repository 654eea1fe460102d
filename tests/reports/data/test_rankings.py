from collections.abc import Callable

from pnas.reports import ScoredCell
from pnas.reports.data.rankings import by_source, history_first, place_cells, ranking_line

Make = Callable[..., ScoredCell]


def test_places_count_only_cells_that_have_worth(search: list[ScoredCell]) -> None:
    assert [place.index for place in place_cells(search, "training")] == list(range(14))
    best_first = place_cells(search, "sorted")
    assert len(best_first) == 13
    values = [place.cell.value for place in best_first]
    assert values == sorted(values, key=lambda value: -(value or 0))


def test_equal_cells_are_placed_each(scored: Make) -> None:
    assert [
        place.index for place in place_cells([scored(0.5), scored(0.5), scored(0.7)], "sorted")
    ] == [
        2,
        0,
        1,
    ]


def test_lines_are_values_by_rank_or_the_best_so_far(scored: Make) -> None:
    cells = [scored(0.5), scored(0.9), scored(0.7)]
    assert ranking_line(place_cells(cells, "sorted"), "sorted") == [(1, 0.9), (2, 0.7), (3, 0.5)]
    assert ranking_line(place_cells(cells, "training"), "training") == [
        (1, 0.5),
        (2, 0.9),
        (3, 0.9),
    ]


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
