"""`task=train` killed after any of its steps: the same command ends as if nothing had happened.

A step is a transaction of the journal, a file that was written, or one that was removed. Trainings
are replaced by quick ones that keep a checkpoint as the real ones do.
"""

import csv
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command import run_here

import pnas.system.atomic_write
from pnas.children.child_failure import ChildFailure
from pnas.children.final_training import evaluation, long_training
from pnas.children.final_training.checkpoint import Progress
from pnas.config import read_settings
from pnas.config.schema import Settings
from pnas.library.composition import compose_search
from pnas.records import Journal, JournalReader, Status
from pnas.records.run_directory import FILES_COMPLETE
from pnas.runs.command_context import Context
from pnas.tasks.train import run
from pnas.training import member_training
from pnas.training.member_training import TrainingFailed
from pnas.training.training_ending import TrainingEnding

EPOCHS = 3
CELL = "(-1, 3x3 maxpool, -2, identity)"
COMMAND = (
    "task=train",
    f"cell={CELL}",
    "name=t",
    f"trainer.epochs={EPOCHS}",
    "trainer.batchsize=16",
    "child.filters=2",
    "task.seeds=2",
    "data=npz",
    "data.path=data.npz",
    "tracking=none",
)


class Killed(BaseException):
    """Stands for the end of a process."""


class Steps:
    """Counts what a command writes, and ends it after a given number of steps.

    Attributes:
        done: Steps so far.
        last: Number of the step after which the command is killed; None for never.
    """

    def __init__(self) -> None:
        self.done = 0
        self.last: int | None = None

    def count(self) -> None:
        self.done += 1
        if self.done == self.last:
            raise Killed


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Counts transactions, written files and removed files."""
    counted = Steps()
    transaction = Journal._transaction
    replace = pnas.system.atomic_write.os.replace
    unlink = Path.unlink

    @contextmanager
    def counted_transaction(journal: Journal) -> Iterator[Any]:
        with transaction(journal) as db:
            yield db
        counted.count()

    def counted_replace(source: Path, target: Path) -> None:
        replace(source, target)
        counted.count()

    def counted_unlink(path: Path, missing_ok: bool = False) -> None:
        is_there = path.exists()
        unlink(path, missing_ok)
        if is_there and path.name == "checkpoint.npz":
            counted.count()

    monkeypatch.setattr(Journal, "_transaction", counted_transaction)
    monkeypatch.setattr(pnas.system.atomic_write.os, "replace", counted_replace)
    monkeypatch.setattr(Path, "unlink", counted_unlink)
    _let_kills_write_nothing(monkeypatch)
    return counted


def _let_kills_write_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    leave = TrainingEnding.__exit__

    def leave_unless_killed(ending: TrainingEnding, kind: Any, *rest: Any) -> None:
        if kind is not Killed:
            leave(ending, kind, *rest)

    monkeypatch.setattr(TrainingEnding, "__exit__", leave_unless_killed)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Replaces trainings; every epoch that is trained is noted as (seed, epoch)."""
    epochs: list[tuple[int, int]] = []

    def train(job: Any, data: Any, checkpoint: Path, weights: Path, on_epoch: Any) -> Progress:
        progress = Progress(str(job.cell), 3)
        if checkpoint.is_file():
            progress.epochs = json.loads(checkpoint.read_text())
        while len(progress.epochs) < EPOCHS:
            epoch = len(progress.epochs) + 1
            epochs.append((job.seed, epoch))
            progress.epochs.append(_values(job.seed, epoch))
            checkpoint.write_text(json.dumps(progress.epochs))
            on_epoch(progress)
        weights.write_bytes(b"weights")
        return progress

    monkeypatch.setattr(long_training, "train_final", train)
    monkeypatch.setattr(member_training, "configure_runtime", lambda trainer: None)
    monkeypatch.setattr(evaluation, "load_child", lambda *arguments: arguments[-1])
    monkeypatch.setattr(evaluation, "measure", lambda folder, *_: (1.0, _accuracy(folder)))
    return epochs


def _values(seed: int, epoch: int) -> dict[str, float]:
    values = {"loss": seed % 100 / epoch, "seconds": 1.0}
    if epoch > 1:
        values["val_accuracy"] = (seed % 10 + epoch) / 20
    return values


def _accuracy(folder: Path) -> float:
    return 0.5 + int(folder.name[-1]) / 10


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 200, (60, 8, 8)).astype(np.uint8)
    np.savez(tmp_path / "data.npz", x_train=images, y_train=np.arange(60) % 3)
    return read_settings(compose_search(COMMAND).config)


def outcome(run_dir: Path) -> dict[str, Any]:
    """Return all that a training leaves, without what differs from run to run."""
    record = json.loads((run_dir / "training.json").read_text())
    for key in ("training_id", "config", "command", "tracking"):
        del record[key]
    histories = {}
    for path in sorted(run_dir.glob("members/*/history.csv")):
        with path.open() as file:
            histories[path.parent.name] = list(csv.DictReader(file))
    files = sorted(str(path.relative_to(run_dir)) for path in run_dir.rglob("*.npz"))
    with JournalReader(run_dir / "journal.sqlite") as journal:
        facts = [(child.key, child.status, child.reward) for child in journal.children()]
        is_complete = journal.meta(FILES_COMPLETE)
        test_accuracy = journal.meta("test_accuracy")
    return {
        "record": record,
        "histories": histories,
        "files": files,
        "facts": facts,
        "is_complete": is_complete,
        "test_accuracy": test_accuracy,
    }


def test_a_kill_after_any_step_changes_nothing(
    settings: Settings, steps: Steps, trained: list[tuple[int, int]], tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    run(settings, Context(whole))
    expected = outcome(whole)
    assert expected["is_complete"]
    assert not [name for name in expected["files"] if "checkpoint" in name]
    assert [status for _, status, _ in expected["facts"]] == [Status.OK, Status.OK]
    assert len(trained) == 2 * EPOCHS
    number = steps.done
    assert number > 20

    for last in range(1, number + 1):
        run_dir = tmp_path / f"killed_{last}"
        trained.clear()
        steps.done = 0
        steps.last = last
        with pytest.raises(Killed):
            run(settings, Context(run_dir))
        steps.last = None
        run(settings, Context(run_dir))
        assert outcome(run_dir) == expected, last
        # An epoch is trained once, for its checkpoint is older than whatever tells of it.
        assert len(trained) == len(set(trained)) == 2 * EPOCHS, last


def test_a_finished_training_is_not_touched_again(
    settings: Settings, steps: Steps, trained: list[tuple[int, int]], tmp_path: Path
) -> None:
    run(settings, Context(tmp_path / "t"))
    trained.clear()
    before = (tmp_path / "t" / "training.json").stat().st_mtime_ns
    run(settings, Context(tmp_path / "t"))
    assert trained == []
    assert (tmp_path / "t" / "training.json").stat().st_mtime_ns == before


def test_results_saved_from_a_damaged_journal_are_taken_up(
    settings: Settings, steps: Steps, trained: list[tuple[int, int]], tmp_path: Path
) -> None:
    """A recovered journal has no stage, and all its ended children are superseded."""
    run_dir = tmp_path / "t"
    run(settings, Context(run_dir))
    expected = outcome(run_dir)
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal.continue_with_raised_limits(journal.meta("config"), {}, replan_from=1)
        assert journal.stages() == []
    trained.clear()
    run(settings, Context(run_dir))
    assert trained == []
    assert outcome(run_dir) == expected


def fail_first(monkeypatch: pytest.MonkeyPatch, every: bool = False) -> None:
    """Let the first training, or every one, fail after its first epoch."""
    train = long_training.train_final
    failed: list[int] = []

    def train_or_fail(job: Any, *arguments: Any) -> Progress:
        *others, on_epoch = arguments

        def fail(progress: Progress) -> None:
            on_epoch(progress)
            raise ChildFailure("training diverged: loss is nan in epoch 2")

        if failed and not every:
            return train(job, *arguments)
        failed.append(job.seed)
        return train(job, *others, fail)

    monkeypatch.setattr(long_training, "train_final", train_or_fail)


def test_a_training_that_fails_is_recorded_and_the_others_go_on(
    settings: Settings,
    trained: list[tuple[int, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail_first(monkeypatch)
    run(settings, Context(tmp_path / "t"))
    record = json.loads((tmp_path / "t" / "training.json").read_text())
    first, second = record["members"]
    assert (first["status"], first["epochs"]) == ("failed", 1)
    assert first["error"] == "training diverged: loss is nan in epoch 2"
    assert first["test_accuracy"] is None
    assert (second["status"], second["epochs"]) == ("finished", EPOCHS)
    assert second["test_accuracy"] == 0.6
    assert record["best"] == second["id"]
    assert not list((tmp_path / "t").rglob("checkpoint.npz"))
    with JournalReader(tmp_path / "t" / "journal.sqlite") as journal:
        failed = journal.children()[0]
        assert failed.status is Status.FAILED
        assert failed.metrics["loss"] == [_values(failed.seed, 1)["loss"]]


def test_trainings_that_all_fail_end_the_command(
    settings: Settings,
    trained: list[tuple[int, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail_first(monkeypatch, every=True)
    with pytest.raises(TrainingFailed, match="loss is nan in epoch 2"):
        run(settings, Context(tmp_path / "t"))
    assert json.loads((tmp_path / "t" / "training.json").read_text())["status"] == "failed"


def test_the_reward_metric_chooses_the_best_cell(
    settings: Settings,
    trained: list[tuple[int, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first training has the higher accuracy, the second the higher balanced accuracy."""
    overrides = (*COMMAND, "trainer.reward_metric=balanced_accuracy")
    balanced = read_settings(compose_search(overrides).config)
    seeds: list[int] = []

    def train(job: Any, data: Any, checkpoint: Path, weights: Path, on_epoch: Any) -> Progress:
        seeds.append(job.seed)
        is_first = len(seeds) == 1
        values = {
            "val_accuracy": 0.9 if is_first else 0.8,
            "val_balanced_accuracy": 0.3 if is_first else 0.6,
            "seconds": 1.0,
        }
        progress = Progress(str(job.cell), 3, [values])
        weights.write_bytes(b"weights")
        return progress

    monkeypatch.setattr(long_training, "train_final", train)
    assert run(balanced, Context(tmp_path / "t")) == pytest.approx(0.45)
    record = json.loads((tmp_path / "t" / "training.json").read_text())
    assert record["best"] == record["members"][1]["id"]
    assert [member["reward"] for member in record["members"]] == [0.3, 0.6]


def test_epochs_without_validation_are_empty_fields(
    settings: Settings, trained: list[tuple[int, int]], tmp_path: Path
) -> None:
    run(settings, Context(tmp_path / "t"))
    with JournalReader(tmp_path / "t" / "journal.sqlite") as journal:
        child = journal.children()[0]
    assert math.isnan(child.metrics["val_accuracy"][0])
    rows = outcome(tmp_path / "t")["histories"][child.key]
    assert list(rows[0]) == ["epoch", "loss", "seconds", "val_accuracy"]
    assert rows[0]["val_accuracy"] == ""


def test_a_training_without_validation_has_no_reward(
    settings: Settings,
    trained: list[tuple[int, int]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    overrides = (*COMMAND, "task.train_on=train+val")
    everything = read_settings(compose_search(overrides).config)

    def values_without_validation(seed: int, epoch: int) -> dict[str, float]:
        return {"loss": 1.0 / epoch, "seconds": 1.0}

    with pytest.MonkeyPatch.context() as context:
        context.setitem(globals(), "_values", values_without_validation)
        assert run(everything, Context(tmp_path / "t")) is None
    printed = capsys.readouterr().out
    assert "trained: members/" in printed
    assert "by validation" not in printed
    record = json.loads((tmp_path / "t" / "training.json").read_text())
    assert [member["status"] for member in record["members"]] == ["finished", "finished"]
    assert [member["reward"] for member in record["members"]] == [None, None]
    assert record["best"] == record["members"][0]["id"]
    assert run_here("task=show", f"from={tmp_path / 't'}") == 0
    assert run_here("task=report", f"from={tmp_path / 't'}") == 0
    assert (tmp_path / "t" / "report.html").is_file()
