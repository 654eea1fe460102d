"""The history that strategies are built from, as the journal has it."""

from pathlib import Path

import pytest

from pnas.records import ChildResult, Choice, Journal, Status
from pnas.search.history import RewardPolicy, read_history
from pnas.state_space import Cell

CELLS = [Cell([(-1, name, -1, "identity")]) for name in ("3x3 conv", "5x5 conv", "identity")]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Holds a closed stage, with a failed child in the middle, and an open one."""
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    first = [Choice(cell, f"a{i}", i, None) for i, cell in enumerate(CELLS)]
    journal.open_stage(1, first, 0, 3, 0.0)
    for key, cell, reward in zip(("a0", "a1", "a2"), CELLS, (0.5, None, 0.25), strict=True):
        status = Status.FAILED if reward is None else Status.OK
        journal.end_child(key, ChildResult(cell, 0, status, reward))
    journal.close_stage(1, None)
    journal.open_stage(2, [Choice(CELLS[0], "b0", 0, 0.75)], 9, 5, 0.1)
    return journal


@pytest.mark.parametrize(
    ("policy", "rewards"), [("exclude", [0.5, None, 0.25]), ("worst", [0.5, 0.25, 0.25])]
)
def test_closed_stages_have_rewards_and_the_open_one_predictions(
    policy: str, rewards: list[float | None], journal: Journal
) -> None:
    history = read_history(journal, RewardPolicy(policy))
    assert [list(stage.cells) for stage in history.closed] == [CELLS]
    assert [list(stage.rewards) for stage in history.closed] == [rewards]
    assert history.open is not None
    assert list(history.open.cells) == CELLS[:1]
    assert history.open.predictions == [0.75]


def test_a_journal_without_stages_has_an_empty_history(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        history = read_history(journal, RewardPolicy("exclude"))
    assert (history.closed, history.open) == ([], None)


def test_the_worst_reward_is_that_of_all_stages_so_far(journal: Journal) -> None:
    policy = RewardPolicy("worst")
    read_history(journal, policy)
    journal.end_child("b0", ChildResult(CELLS[0], 0, Status.FAILED, None))
    assert policy.rewards(journal.children(2)) == [0.25]
