"""What is known of an asynchronous search, in the order in which it arrived."""

from dataclasses import replace
from pathlib import Path

import pytest

from pnas.records import ChildRecord, Choice, Journal, Status
from pnas.search.asynchronous.arrival_clock import ArrivalClock
from pnas.search.asynchronous.arrivals import Arrivals
from pnas.state_space import Cell

CELLS = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in (1, 3, 5, 7)]


@pytest.fixture
def children(tmp_path: Path) -> list[ChildRecord]:
    """Four children, two of a whole stage."""
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        choices = [Choice(cell, cell.text_hash, 0, 0.25) for cell in CELLS]
        journal.open_stage(1, choices[:2], 0, 2, 0.0)
        journal.open_stage(2, choices[2:], 0, 2, 0.0)
        return journal.children()


def ended(child: ChildRecord, reward: float | None, at: float = 1.0) -> ChildRecord:
    status = Status.FAILED if reward is None else Status.OK
    return replace(child, status=status, reward=reward, ended_at=at)


def test_a_whole_stage_keeps_its_order_and_others_are_stages_by_arrival(
    children: list[ChildRecord],
) -> None:
    arrivals = Arrivals("exclude", [children[:2]], children[2:])
    assert arrivals.num_pending == 4
    assert list(arrivals.history.awaited) == CELLS[:2]
    assert [pending.predicted for pending in arrivals.history.pending] == [0.25, 0.25]

    arrivals.end(ended(children[3], 0.4))
    arrivals.end(ended(children[1], 0.5))
    arrivals.end(ended(children[2], None))
    history = arrivals.history
    assert [list(stage.cells) for stage in history.closed] == [CELLS[:2], [CELLS[3]], [CELLS[2]]]
    assert [list(stage.rewards) for stage in history.closed] == [[None, 0.5], [0.4], [None]]
    assert list(history.awaited) == CELLS[:1]
    assert (arrivals.num_known, arrivals.num_pending, history.next_stage) == (3, 1, 4)


def test_a_failed_child_counts_as_the_worst_so_far(children: list[ChildRecord]) -> None:
    arrivals = Arrivals("worst", [children[:2]], children[2:])
    arrivals.end(ended(children[0], 0.5))
    arrivals.end(ended(children[2], None))
    arrivals.end(ended(children[1], 0.3))
    assert [list(stage.rewards) for stage in arrivals.history.closed] == [[0.5, 0.3], [0.3]]


def test_what_is_read_from_the_journal_is_what_was_known(children: list[ChildRecord]) -> None:
    live = Arrivals("exclude", [children[:2]], children[2:])
    late = [
        ended(children[0], 0.1, at=4.0),
        ended(children[1], 0.2, at=1.0),
        ended(children[2], 0.3, at=3.0),
        ended(children[3], 0.4, at=2.0),
    ]
    for child in sorted(late, key=lambda each: each.ended_at or 0):
        live.end(child)
    read = Arrivals("exclude", [late[:2]], late[2:])
    assert read.history == live.history


def test_dates_always_advance() -> None:
    times = iter([5.0, 5.0, 3.0, 9.0])
    clock = ArrivalClock(last=4.0, now=lambda: next(times))
    dates = [clock() for _ in range(4)]
    assert dates == sorted(set(dates))
    assert (dates[0], dates[3]) == (5.0, 9.0)
