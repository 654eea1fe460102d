import os
import subprocess
import sys
from pathlib import Path

import pytest

from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records.resumability import check_resumable, differences, raised_limits
from pnas.records.run_directory import hold

CONFIG = {
    "seed": 1,
    "state_space": {"B": 3},
    "controller": {"K": 8, "steps": 10},
    "trainer": {"epochs": 5, "device": "auto"},
    "executor": {"workers": 2},
}


def test_a_second_process_is_refused_and_told_who_holds_the_run(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from pnas.records.run_directory import hold; hold(Path({str(tmp_path)!r})).__enter__()"
    with hold(tmp_path):
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert other.returncode == 1
    assert "is in use by process" in other.stderr
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_hold_names_the_holder(tmp_path: Path) -> None:
    with (
        hold(tmp_path),
        pytest.raises(RunDirectoryError, match=r"is in use by process \d+ on "),
        hold(tmp_path),
    ):
        pass


def test_differences_are_dotted_and_include_missing_keys() -> None:
    assert differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "d": 3}}) == [
        ("a.c", 2, None),
        ("a.d", None, 3),
    ]


@pytest.mark.parametrize(
    "change", [{"executor": {"workers": 8}}, {"trainer": {"epochs": 5, "device": "gpu"}}]
)
def test_what_only_changes_speed_may_change(change: dict[str, object], tmp_path: Path) -> None:
    check_resumable(tmp_path, CONFIG, {**CONFIG, **change})


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"seed": 2}, "seed"),
        ({"state_space": {"B": 2}}, "state_space.B"),
        ({"controller": {"K": 4, "steps": 10}}, "controller.K"),
        ({"controller": {"K": 16, "steps": 20}}, "controller.steps"),
        ({"trainer": {}}, "trainer.epochs"),
    ],
)
def test_what_changes_the_meaning_of_rewards_is_refused(
    change: dict[str, object], key: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_resumable(tmp_path, CONFIG, {**CONFIG, **change})
    assert refused.value.key == key


def test_the_refusal_names_what_else_has_changed(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidValue, match=r"seed: .*started with 1.*also changed: trainer.epochs.*Received: 2"
    ):
        check_resumable(
            tmp_path, CONFIG, {**CONFIG, "seed": 2, "trainer": {"epochs": 6, "device": "auto"}}
        )


@pytest.mark.parametrize(
    ("change", "raised"),
    [
        ({"state_space": {"B": 5}}, {"state_space.B": (3, 5)}),
        ({"controller": {"K": 16, "steps": 10}}, {"controller.K": (8, 16)}),
        ({"controller": {"K": None, "steps": 10}}, {"controller.K": (8, None)}),
        ({}, {}),
    ],
)
def test_limits_may_be_raised(
    change: dict[str, object], raised: dict[str, object], tmp_path: Path
) -> None:
    check_resumable(tmp_path, CONFIG, {**CONFIG, **change})
    assert raised_limits(CONFIG, {**CONFIG, **change}) == raised


def test_every_candidate_is_the_largest_limit(tmp_path: Path) -> None:
    stored = {**CONFIG, "controller": {"K": None, "steps": 10}}
    with pytest.raises(InvalidValue, match=r"controller.K: .*null, which may be raised only"):
        check_resumable(tmp_path, stored, CONFIG)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RunDirectoryError, match="cannot be written"), hold(tmp_path):
        pass
