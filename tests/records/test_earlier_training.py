"""Trainings of earlier versions, which had no journal: converted, or read and left alone."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pnas.errors import RunDirectoryError
from pnas.records import JournalReader, Status
from pnas.records.earlier_training import convert_earlier_training, open_run
from pnas.records.training_journal import read_training, write_training
from pnas.records.training_record import load_training

EARLIER = Path(__file__).parent / "fixtures" / "earlier"


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A training that was killed: its first member is finished, its second has two epochs."""
    copy = tmp_path / "train_part"
    shutil.copytree(EARLIER / "train_part", copy)
    return copy


def test_a_converted_training_has_what_its_files_said(run_dir: Path) -> None:
    before = load_training(run_dir)
    ended_at = (run_dir / "members" / before.members[0].id / "weights.npz").stat().st_mtime
    convert_earlier_training(run_dir)
    with JournalReader(run_dir / "journal.sqlite") as journal:
        first, second = journal.children()
        training = read_training(journal)
        assert journal.meta("status") == "running"
        assert journal.meta("data_fingerprint") == before.data["fingerprint"]
    assert (first.status, second.status) == (Status.OK, Status.CHOSEN)
    assert first.reward == before.members[0].val_accuracy
    assert first.ended_at == ended_at
    assert len(second.metrics["loss"]) == 2
    assert training.training_id == before.training_id
    assert training.members[0].seconds == before.members[0].seconds
    # Epochs of a training that goes on used to be in its history only.
    assert training.members[1].epochs == 2


def test_files_made_from_a_converted_journal_are_those_that_it_was_made_of(run_dir: Path) -> None:
    histories = {path: path.read_text() for path in run_dir.rglob("history.csv")}
    convert_earlier_training(run_dir)
    with JournalReader(run_dir / "journal.sqlite") as journal:
        write_training(run_dir, journal)
    assert {path: path.read_text() for path in histories} == histories


def test_a_conversion_that_was_killed_is_made_anew(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*paths: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            convert_earlier_training(run_dir)
    assert not (run_dir / "journal.sqlite").exists()
    (run_dir / ".journal.sqlite.converted").write_text("half of it")
    convert_earlier_training(run_dir)
    with JournalReader(run_dir / "journal.sqlite") as journal:
        assert len(journal.children()) == 2
    assert not list(run_dir.glob(".journal.sqlite.converted*"))


def test_reading_writes_nothing(run_dir: Path) -> None:
    before = sorted(os.walk(run_dir))
    with open_run(run_dir) as journal:
        assert len(journal.children()) == 2
    assert sorted(os.walk(run_dir)) == before


def test_a_directory_with_a_journal_is_left_alone(run_dir: Path) -> None:
    convert_earlier_training(run_dir)
    before = (run_dir / "journal.sqlite").stat().st_mtime_ns
    (run_dir / "training.json").write_text("{")
    convert_earlier_training(run_dir)
    assert (run_dir / "journal.sqlite").stat().st_mtime_ns == before


BAD: dict[str, dict[str, Any]] = {
    "a folder outside": {"id": "../../other-0"},
    "a cell that is none": {"cell": "(-1, 3x3 conv"},
    "a seed of 30 digits": {"seed": 10**30},
    "a status of another kind": {"status": 3},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_a_record_that_no_version_wrote_is_one_line(change: dict[str, Any], run_dir: Path) -> None:
    record = json.loads((run_dir / "training.json").read_text())
    record["members"][0].update(change)
    (run_dir / "training.json").write_text(json.dumps(record))
    with pytest.raises(RunDirectoryError) as refused:
        convert_earlier_training(run_dir)
    assert "\n" not in str(refused.value)
    assert not (run_dir / "journal.sqlite").exists()


def test_two_members_of_one_name_are_one_line(run_dir: Path) -> None:
    record = json.loads((run_dir / "training.json").read_text())
    record["members"][1]["id"] = record["members"][0]["id"]
    (run_dir / "training.json").write_text(json.dumps(record))
    with pytest.raises(RunDirectoryError) as refused, open_run(run_dir):
        pass
    assert "\n" not in str(refused.value)
