from typing import Any

import pytest

from pnas.config.minutes import with_minutes
from pnas.errors import InvalidValue


def composed(minutes: Any, task: str = "search") -> dict[str, Any]:
    return {
        "task": {"name": task},
        "search": {"kind": "refined", "max_children": 60, "max_seconds": None},
        "minutes": minutes,
    }


def test_minutes_are_seconds_and_children_no_limit() -> None:
    assert with_minutes(composed(1.5), ()) == {
        "task": {"name": "search"},
        "search": {"kind": "refined", "max_children": None, "max_seconds": 90.0},
    }


def test_a_limit_of_children_that_was_typed_holds_too() -> None:
    search = with_minutes(composed(10), ("search.max_children",))["search"]
    assert search == {"kind": "refined", "max_children": 60, "max_seconds": 600.0}


def test_without_minutes_nothing_changes() -> None:
    assert with_minutes(composed(None), ())["search"] == composed(None)["search"]


@pytest.mark.parametrize("minutes", [0, -1, "ten", True, float("nan"), float("inf"), [1]])
def test_a_bad_number_is_refused(minutes: Any) -> None:
    with pytest.raises(InvalidValue, match=r"^minutes: must be a number above 0"):
        with_minutes(composed(minutes), ())


def test_two_limits_of_time_are_refused() -> None:
    with pytest.raises(InvalidValue, match=r"null if search\.max_seconds is given"):
        with_minutes(composed(10), ("search.max_seconds",))


def test_a_task_without_a_budget_is_refused() -> None:
    with pytest.raises(InvalidValue, match="unless task=search or task=tabulate"):
        with_minutes(composed(10, task="train"), ())
