import subprocess
import sys
from pathlib import Path

import pytest

from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records.rundir import differences, hold, refuse_other_meaning

CONFIG = {
    "seed": 1,
    "state_space": {"B": 3},
    "trainer": {"epochs": 5, "device": "auto"},
    "executor": {"workers": 2},
}


def test_a_second_process_is_refused_and_told_who_holds_the_run(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from pnas.records.rundir import hold; hold(Path({str(tmp_path)!r})).__enter__()"
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


@pytest.mark.parametrize("change", [{"executor": {"workers": 8}}, {"trainer": {"epochs": 5, "device": "gpu"}}])
def test_what_only_changes_speed_may_change(change: dict[str, object], tmp_path: Path) -> None:
    refuse_other_meaning(tmp_path, CONFIG, {**CONFIG, **change})


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"seed": 2}, "seed"),
        ({"state_space": {"B": 4}}, "state_space.B"),
        ({"trainer": {}}, "trainer.epochs"),
    ],
)
def test_what_changes_the_meaning_of_rewards_is_refused(change: dict[str, object], key: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue) as refused:
        refuse_other_meaning(tmp_path, CONFIG, {**CONFIG, **change})
    assert refused.value.key == key
