import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pnas.errors import InvalidValue
from pnas.reports import ScoredCell
from pnas.reports.charts.overlay_plot import plot_overlay
from pnas.reports.data.rankings import by_source, history_first, line_of, placed
from pnas.reports.html.ranking_page import write_ranking

Make = Callable[..., ScoredCell]


def data_of(path: Path) -> dict[str, list[dict[str, list[object]]]]:
    found = re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"))
    assert found is not None
    return dict(json.loads(found[1]))


def test_places_count_only_cells_that_have_worth(search: list[ScoredCell]) -> None:
    assert [point.index for point in placed(search, "training")] == list(range(14))
    best_first = placed(search, "sorted")
    assert len(best_first) == 13
    values = [point.value for point in best_first]
    assert values == sorted(values, key=lambda value: -(value or 0))


def test_equal_cells_are_placed_each(scored: Make) -> None:
    assert [point.index for point in placed([scored(0.5), scored(0.5), scored(0.7)], "sorted")] == [
        2,
        0,
        1,
    ]


def test_lines_are_values_by_rank_or_the_best_so_far(scored: Make) -> None:
    cells = [scored(0.5), scored(0.9), scored(0.7)]
    assert line_of(placed(cells, "sorted"), "sorted") == [(1, 0.9), (2, 0.7), (3, 0.5)]
    assert line_of(placed(cells, "training"), "training") == [(1, 0.5), (2, 0.9), (3, 0.9)]


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


@pytest.mark.parametrize("order", ["sorted", "training"])
def test_every_mark_leads_to_its_cell(search: list[ScoredCell], tmp_path: Path, order: str) -> None:
    path = write_ranking(search, tmp_path / "ranking.html", order)
    marks = re.findall(r'data-c="0:(\d+)"', path.read_text("utf-8"))
    assert len(set(marks)) == len(marks) == (13 if order == "sorted" else 14)
    cells = data_of(path)["runs"][0]["cells"]
    text, facts, blocks, outputs = cells[0]  # type: ignore[misc]
    assert text == "(-1, 3x3 dconv, -2, identity)"
    assert ["reward", "0.5000"] in facts
    assert (blocks, outputs) == ([[-1, 0, -2, 1]], [0])


def test_an_overlay_can_hide_each_ranking(search: list[ScoredCell], tmp_path: Path) -> None:
    other = [replace(cell, source="<b>.csv") for cell in search]
    path = write_ranking([*search, *other], tmp_path / "ranking.html", overlay=True)
    text = path.read_text("utf-8")
    assert text.count('<g data-run="') == text.count('checked data-toggle="') == 2
    assert "<b>" not in text
    assert [run["name"] for run in data_of(path)["runs"]][1] == "<b>.csv"


def test_a_picture_of_several_rankings(search: list[ScoredCell], tmp_path: Path) -> None:
    path = plot_overlay({"a": search, "b" * 40: search[:3]}, tmp_path / "overlay.svg", "training")
    texts = [
        "".join(node.itertext())
        for node in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {"a", "…" + "b" * 29, "b = 1", "b = 3", "2 rankings"} <= set(texts)


def test_bad_requests_are_refused(search: list[ScoredCell], tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"task\.order"):
        write_ranking(search, tmp_path / "ranking.html", "random")
    with pytest.raises(InvalidValue, match=r"task\.order"):
        plot_overlay({"a": search}, tmp_path / "overlay.png", "random")
