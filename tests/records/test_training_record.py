import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pnas.errors import RunDirectoryError
from pnas.records.training_record import (
    TRAINING,
    Member,
    Training,
    load_training,
    read_history,
    write_history,
)


def member(name: str, key: str, reward: float | None, status: str = "finished") -> Member:
    return Member(
        id=name,
        cell="(-1, identity, -1, identity)",
        key=key,
        seed=1,
        params=10,
        flops=20,
        status=status,
        reward=reward,
        val_accuracy=reward,
    )


def training(*members: Member) -> Training:
    return Training("final", "abc", {"seed": 1}, ["seed=1"], {"num_classes": 2}, list(members))


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    saved = training(member("a-0", "a", 0.5), member("b-0", "b", None, "waiting"))
    saved.save(tmp_path)
    assert load_training(tmp_path) == saved


def test_the_best_training_is_one_of_the_cell_with_the_best_mean() -> None:
    members = [
        member("a-0", "a", 0.9),
        member("a-1", "a", 0.1),
        member("b-0", "b", 0.6),
        member("b-1", "b", 0.7),
        member("c-0", "c", 0.99, "failed"),
    ]
    best = training(*members).best()
    assert best is not None
    assert best.id == "b-1"
    assert training().best() is None


def test_a_cell_has_mean_and_standard_deviation() -> None:
    (cell,) = training(member("a-0", "a", 0.5), member("a-1", "a", 0.7)).cells()
    assert cell["trainings"] == 2
    assert cell["val_accuracy"]["mean"] == pytest.approx(0.6)
    assert cell["val_accuracy"]["sd"] == pytest.approx(0.02**0.5)
    assert cell["test_accuracy"] == {"mean": None, "sd": None}


def test_another_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="is not the directory of a training"):
        load_training(tmp_path)


BAD: dict[str, Any] = {
    "no mapping": [],
    "no members": {"members": None},
    "members of text": {"members": ["a"]},
    "a member with another key": {"members": [{"other": 1}]},
    "another key": {"other": 1},
    "an id that is no text": {"id": 3},
    "an accuracy that is no number": {"val_accuracy": "high"},
    "params that are no number": {"params": None},
    "a configuration that is no mapping": {"config": 3},
}


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_training_is_one_line(name: str, tmp_path: Path) -> None:
    training(member("a-0", "a", 0.5)).save(tmp_path)
    path = tmp_path / TRAINING
    stored = json.loads(path.read_text())
    change = BAD[name]
    if isinstance(change, list):
        stored = change
    elif change.keys() & {"id", "val_accuracy", "params"}:
        stored["members"][0].update(change)
    else:
        stored.update(change)
    path.write_text(json.dumps(stored))
    with pytest.raises(RunDirectoryError) as refused:
        load_training(tmp_path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 200_000, "null"])
def test_a_training_that_is_no_json_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / TRAINING).write_text(text)
    with pytest.raises(RunDirectoryError) as refused:
        load_training(tmp_path)
    assert "\n" not in str(refused.value)


def test_a_history_comes_back_without_the_values_that_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    epochs = [{"loss": 0.5}, {"loss": 0.25, "val_accuracy": 0.75}]
    write_history(path, epochs)
    assert read_history(path) == epochs
    assert read_history(tmp_path / "absent.csv") == []


def test_a_history_of_something_else_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("epoch,loss\n1,low\n")
    with pytest.raises(RunDirectoryError, match="loss: must be a number"):
        read_history(path)


def test_a_cell_is_judged_by_its_finished_trainings() -> None:
    """The last epoch before a failure, or the first of a training that goes on, is no accuracy."""
    going_on = replace(member("a-2", "a", None, "waiting"), val_accuracy=0.3)
    failed = replace(member("a-1", "a", None, "failed"), val_accuracy=0.1)
    finished = member("a-0", "a", 0.9)
    (cell,) = training(finished, failed, going_on).cells()
    assert cell["trainings"] == 3
    assert cell["val_accuracy"] == {"mean": 0.9, "sd": None}
    (cell,) = training(failed, going_on).cells()
    assert cell["val_accuracy"]["mean"] == 0.3
    (cell,) = training(failed).cells()
    assert cell["val_accuracy"]["mean"] is None
