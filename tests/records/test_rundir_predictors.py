"""Keys of the controller that are newer than a run, or say nothing of its meaning."""

from pathlib import Path

import pytest

from pnas.errors import InvalidValue
from pnas.records.resumability import check_resumable


def test_a_run_older_than_the_keys_of_later_predictors_goes_on() -> None:
    stored = {"controller": {"predictor": "lstm"}}
    current = {"controller": {"predictor": "lstm", "parts": ["gp", "trees"], "cross_validate": 0}}
    check_resumable(Path("run"), stored, current)


def test_parts_are_the_meaning_of_unlike() -> None:
    stored, current = (
        {"controller": {"predictor": "unlike", "parts": parts}}
        for parts in (["gp", "trees"], ["gp", "mlp"])
    )
    with pytest.raises(InvalidValue, match=r"^controller.parts: "):
        check_resumable(Path("run"), stored, current)
