import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pnas.errors import InvalidValue
from pnas.reports import ScoredCell
from pnas.reports.html.ranking_page import write_ranking


def data_of(path: Path) -> dict[str, list[dict[str, list[object]]]]:
    found = re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"))
    assert found is not None
    return dict(json.loads(found[1]))


@pytest.mark.parametrize("order", ["sorted", "training"])
def test_every_mark_leads_to_its_cell(search: list[ScoredCell], tmp_path: Path, order: str) -> None:
    path = write_ranking(search, tmp_path / "ranking.html", order)
    marks = re.findall(r'data-c="0:(\d+)"', path.read_text("utf-8"))
    # A failed child has no rank.
    expected = 13 if order == "sorted" else 14
    assert len(marks) == expected
    assert len(set(marks)) == expected

    (run,) = data_of(path)["runs"]
    text, facts, blocks, outputs = run["cells"][0]  # type: ignore[misc]
    assert text == "(-1, 3x3 dconv, -2, identity)"
    assert ["reward", "0.5000"] in facts
    assert blocks == [[-1, 0, -2, 1]]
    assert outputs == [0]


def test_an_overlay_can_hide_each_ranking(search: list[ScoredCell], tmp_path: Path) -> None:
    other = [replace(cell, source="<b>.csv") for cell in search]
    path = write_ranking([*search, *other], tmp_path / "ranking.html", overlay=True)
    text = path.read_text("utf-8")
    assert text.count('<g data-run="') == 2
    assert text.count('checked data-toggle="') == 2
    assert "<b>" not in text
    _, second = data_of(path)["runs"]
    assert second["name"] == "<b>.csv"


def test_another_order_is_refused(search: list[ScoredCell], tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"task\.order"):
        write_ranking(search, tmp_path / "ranking.html", "random")
