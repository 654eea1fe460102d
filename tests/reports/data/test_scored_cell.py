from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from support.journals import make_run

from pnas.records import Choice, Journal, Status
from pnas.records.child_records import BEYOND_LIMIT, ChildResult
from pnas.reports import ScoredCell, from_children, ranked, stages_of
from pnas.reports.data.headline import headline
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.scored_cell import short_names
from pnas.state_space import Cell


def test_measured_before_predicted_before_neither(scored: Callable[..., ScoredCell]) -> None:
    low = scored(0.1)
    high = scored(0.9)
    guessed = scored(None, 0.95)
    sure = scored(None, 0.99)
    nothing = scored()
    failed = scored(None, 0.97, status=Status.FAILED)
    assert ranked([nothing, guessed, failed, low, sure, high]) == [
        high,
        low,
        sure,
        guessed,
        nothing,
        failed,
    ]


def test_equals_keep_their_order(scored: Callable[..., ScoredCell]) -> None:
    cells = [scored(0.5, source=str(i)) for i in range(20)] + [
        scored(None, 0.5, source=str(i)) for i in range(20)
    ]
    assert ranked(cells) == cells


def test_a_reward_of_zero_is_a_reward(scored: Callable[..., ScoredCell]) -> None:
    zero = scored(0.0)
    guessed = scored(None, 0.9)
    assert ranked([guessed, zero]) == [zero, guessed]


def test_stages(search: list[ScoredCell]) -> None:
    assert stages_of(search) == [1, 2, 3]
    assert stages_of([]) == []


def test_children_of_a_journal(tmp_path: Path) -> None:
    cell = Cell([(-1, "3x3 dconv", -2, "identity")])
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        journal.open_stage(1, [Choice(cell, "k", 5, 0.7)], 1, 1, 0.1)
        result = ChildResult(cell, 5, Status.OK, 0.9, {}, params=10, flops=20, seconds=3.0)
        journal.end_child("k", result)
        (row,) = from_children(journal.children(), source="demo")
    assert row == ScoredCell(cell, 0.9, 0.7, 1, Status.OK, 10, 20, 3.0, None, "demo", key="k")


def test_short_names_drop_shared_folders() -> None:
    paths = ["/runs/a/children.csv", "/runs/b/children.csv"]
    assert list(short_names(paths).values()) == ["a/children.csv", "b/children.csv"]
    assert short_names(["/runs/a/children.csv"] * 2) == {"/runs/a/children.csv": "children.csv"}
    assert short_names(["x.csv", "/y.csv"]) == {"x.csv": "x.csv", "/y.csv": "/y.csv"}
    assert short_names([]) == {}


def test_a_cell_that_breaks_a_limit_has_not_failed(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", failed=(1, 2)))
    left_out = replace(run.children[1], metrics={BEYOND_LIMIT: [1.0]})
    children = [run.children[0], left_out, run.children[2]]
    cells = from_children(children)
    assert [cell.has_failed for cell in cells] == [False, False, True]
    assert not cells[1].is_ranked
    assert headline(replace(run, children=children))["left out by a limit"] == "1"
