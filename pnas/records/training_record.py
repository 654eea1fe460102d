"""training.json: a `task=train` as other programs read it, derived from its journal.

Values of each epoch are in ``members/<id>/history.csv``, weights in ``members/<id>/weights.npz``. A
training that is not over has a checkpoint beside them. Up to version 0.1.0 there was no journal:
training.json was the record itself (`pnas.records.earlier_training`).
"""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pnas.errors import MalformedFile, RunDirectoryError
from pnas.records.run_directory import TRAINING
from pnas.records.training_history import read_history, write_history
from pnas.system.atomic_write import write_text
from pnas.system.bounded_files import read_text
from pnas.system.stored_json import parse_json_mapping

__all__ = [
    "CHECKPOINT",
    "HISTORY",
    "MEMBERS",
    "MEMBER_WEIGHTS",
    "TRAINING",
    "Member",
    "Training",
    "load_training",
    "read_history",
    "write_history",
]

MEMBERS = "members"
HISTORY = "history.csv"
MEMBER_WEIGHTS = "weights.npz"
CHECKPOINT = "checkpoint.npz"

_DERIVED = ("cells", "best")
"""Keys of training.json that are there for other programs, and follow from the rest."""


@dataclass
class Member:
    """One training: a cell with a seed.

    Attributes:
        id: Name of its folder below ``members/``.
        cell: Its cell, as text.
        key: Key of the cell's canonical form.
        seed: Seed of this training.
        params: Trainable parameters of the network without its training-only parts.
        flops: Multiply-adds of the network without its training-only parts.
        status: Waiting, finished or failed.
        epochs: Epochs that it was trained for.
        seconds: Seconds of its epochs.
        reward: What it is judged by: ``trainer.reward_metric`` of the validation part after the
            last epoch. None where nothing was validated, and until it is finished.
        val_accuracy: Validation accuracy after the last epoch; None where nothing was validated.
        val_loss: Validation loss after the last epoch; None where nothing was validated.
        test_accuracy: Test accuracy, read once, when all trainings were over.
        error: Why it failed.
    """

    id: str
    cell: str
    key: str
    seed: int
    params: int
    flops: int
    status: str = "waiting"
    epochs: int = 0
    seconds: float = 0.0
    reward: float | None = None
    val_accuracy: float | None = None
    val_loss: float | None = None
    test_accuracy: float | None = None
    error: str | None = None


@dataclass
class Training:
    """All trainings of one run directory.

    Attributes:
        name: Name of the run.
        training_id: Its identity in MLflow; the journal's ``search_id``.
        config: Configuration as it was composed.
        command: What was typed.
        data: What it is trained on: image_shape, num_classes, class_names, mean, std, pixel_range
            and fingerprint.
        members: The trainings, cell by cell.
        status: Running, finished or failed.
        tracking: Where MLflow shows it.
        tracked: Whether MLflow has all of it.
    """

    name: str
    training_id: str
    config: dict[str, Any]
    command: list[str]
    data: dict[str, Any]
    members: list[Member] = field(default_factory=list)
    status: str = "running"
    tracking: dict[str, str] | None = None
    tracked: bool = False

    @property
    def num_classes(self) -> int:
        """Number of classes of the data.

        Raises:
            MalformedFile: The record does not have it.
        """
        value: Any = self.data.get("num_classes")
        _check(value, int, f"{self.name}: num_classes of the data")
        return int(value)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image.

        Raises:
            MalformedFile: The record does not have them.
        """
        value: Any = self.data.get("image_shape")
        source = f"{self.name}: image_shape of the data"
        _check(value, list, source)
        if len(value) != 3 or not all(type(size) is int for size in value):
            raise MalformedFile(source, "must be three integers", value)
        height, width, channels = value
        return height, width, channels

    def cells(self) -> list[dict[str, Any]]:
        """Return each cell with mean and standard deviation of its members' accuracies."""
        by_key: dict[str, list[Member]] = {}
        for member in self.members:
            by_key.setdefault(member.key, []).append(member)
        return [_cell(members) for members in by_key.values()]

    def best(self) -> Member | None:
        """Return the training to export: that of highest reward of the cell with the best mean.

        Test accuracy has no say in it. None if no training is finished.
        """
        finished = [member for member in self.members if member.status == "finished"]
        means = {member.key: _mean_reward(finished, member.key) for member in finished}

        def rank(member: Member) -> tuple[float, float]:
            return means[member.key], member.reward or 0.0

        return max(finished, key=rank, default=None)

    def as_record(self) -> dict[str, Any]:
        """Return what training.json holds."""
        best = self.best()
        record = asdict(self)
        record["cells"] = self.cells()
        record["best"] = None if best is None else best.id
        return record

    def save(self, run_dir: Path) -> None:
        """Replace ``training.json`` as a whole.

        Raises:
            NotWritable: There is no room or no permission.
        """
        write_text(run_dir / TRAINING, json.dumps(self.as_record(), indent=2) + "\n")


def load_training(run_dir: Path) -> Training:
    """Return the trainings in ``run_dir``.

    Raises:
        RunDirectoryError: There is no training, or not a readable one.
    """
    path = run_dir / TRAINING
    if not path.exists():
        raise RunDirectoryError(
            f"{run_dir}: is not the directory of a training (it has no {TRAINING})"
        )
    stored = parse_json_mapping(read_text(path), str(path))
    for key in _DERIVED:
        stored.pop(key, None)
    try:
        members = [Member(**member) for member in stored.pop("members")]
        training = Training(**stored, members=members)
    except (TypeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise MalformedFile(str(path), f"must be what task=train writes ({reason})") from None

    _check_types(training, path)
    return training


def _cell(members: Sequence[Member]) -> dict[str, Any]:
    first = members[0]
    judged = _judged(members)
    return {
        "cell": first.cell,
        "params": first.params,
        "flops": first.flops,
        "trainings": len(members),
        "reward": _mean_sd([member.reward for member in judged]),
        "val_accuracy": _mean_sd([member.val_accuracy for member in judged]),
        "test_accuracy": _mean_sd([member.test_accuracy for member in judged]),
    }


def _judged(members: Sequence[Member]) -> list[Member]:
    """Return the trainings that a cell is judged by: finished ones, or else those that go on.

    The last epoch before a training failed, or of one that has just begun, says nothing of its end.
    """
    finished = [member for member in members if member.status == "finished"]
    return finished or [member for member in members if member.status != "failed"]


def _mean_reward(members: Sequence[Member], key: str) -> float:
    values = []
    for member in members:
        if member.key == key and member.reward is not None:
            values.append(member.reward)
    return statistics.mean(values) if values else 0.0


def _mean_sd(values: Sequence[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    return {
        "mean": statistics.mean(known) if known else None,
        "sd": statistics.stdev(known) if len(known) > 1 else None,
    }


def _check_types(training: Training, path: Path) -> None:
    """Check the values of a stored training that commands calculate with or open files by.

    Raises:
        MalformedFile: One is of another type.
    """
    for name, kind in (("name", str), ("training_id", str), ("config", dict), ("data", dict)):
        _check(getattr(training, name), kind, f"{path}: {name}")
    for member in training.members:
        for name in ("id", "cell", "key", "status"):
            _check(getattr(member, name), str, f"{path}: {name} of a training")
        for name in ("seed", "params", "flops", "epochs"):
            _check(getattr(member, name), int, f"{path}: {name} of {member.id}")
        for name in ("seconds", "reward", "val_accuracy", "val_loss", "test_accuracy"):
            value = getattr(member, name)
            if value is not None:
                _check(value, int | float, f"{path}: {name} of {member.id}")


def _check(value: Any, kind: Any, source: str) -> None:
    if not isinstance(value, kind):
        expected = getattr(kind, "__name__", "number")
        raise MalformedFile(source, f"must be of type {expected}", value)
