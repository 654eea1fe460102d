from dataclasses import dataclass, field
from typing import Any

import pytest

from pnas.search.confirmation import decide_winner


@dataclass
class Trainings:
    """What a decision reads of a cell."""

    key: str
    rewards: list[float]
    attempts: int
    params: int = 100
    flops: int = 1000
    seconds: float = 1.0
    cell: str = field(default="(-1, identity, -1, identity)")

    @property
    def mean(self) -> float:
        return sum(self.rewards) / len(self.rewards)


def decide(*cells: Trainings, tie_break: str = "reward") -> dict[str, Any] | None:
    others = [Trainings(f"other{i}", [0.80 + 0.001 * i], 1) for i in range(20)]
    searched: Any = [*cells, *others]
    return decide_winner(searched, confidence=0.9, tie_break=tie_break, seed=0)


def test_a_cell_that_the_budget_left_no_training_is_still_a_finalist() -> None:
    winner = decide(
        Trainings("again", [0.90, 0.82], attempts=2),
        Trainings("left", [0.89], attempts=2),
    )
    assert winner is not None
    assert winner["finalists"] == 2
    assert 0.5 < winner["probability_best"] < 0.99


@pytest.mark.parametrize(
    ("tie_break", "winner", "runner_up"),
    [
        ("reward", "better", "smaller"),
        ("params", "smaller", "better"),
        ("madds", "smaller", "better"),
        ("seconds", "better", "smaller"),
    ],
)
def test_of_cells_that_cannot_be_told_apart_the_tie_break_takes_one(
    tie_break: str, winner: str, runner_up: str
) -> None:
    record = decide(
        Trainings("better", [0.90, 0.86], attempts=2),
        Trainings("smaller", [0.89, 0.86], attempts=2, params=10, flops=10, seconds=2.0),
        Trainings("worst", [0.50, 0.54], attempts=2, params=1, flops=1, seconds=0.1),
        tie_break=tie_break,
    )
    assert record is not None
    assert record["key"] == winner
    assert [each["key"] for each in record["runners_up"]] == [runner_up]


def test_nothing_can_be_said_before_any_cell_was_trained_again() -> None:
    assert decide(Trainings("a", [0.90], 2), Trainings("b", [0.89], 2)) is None


def test_a_cell_that_was_asked_for_once_is_no_finalist() -> None:
    winner = decide(
        Trainings("steady", [0.88, 0.88, 0.89], attempts=3),
        Trainings("noisy", [0.89, 0.83, 0.86], attempts=3),
        Trainings("lucky", [0.95], attempts=1),
    )
    assert winner is not None
    assert (winner["key"], winner["finalists"]) == ("steady", 2)
    assert winner["mean"] == pytest.approx(0.8833, abs=1e-4)
