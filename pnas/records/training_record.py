"""training.json: what is true of a `task=train`, written whole after every training.

Curves of the epochs are in ``members/<id>/history.csv``, weights in ``members/<id>/weights.npz``; a training that
is not over has a checkpoint beside them.
"""

import csv
import io
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pnas.errors import RunDirectoryError
from pnas.system.atomic_write import write_text

TRAINING = "training.json"
MEMBERS = "members"
HISTORY = "history.csv"
MEMBER_WEIGHTS = "weights.npz"
CHECKPOINT = "checkpoint.npz"


@dataclass
class Member:
    """One training: a cell with a seed.

    Attributes:
        id: names its folder below ``members/``.
        cell: as text.
        key: of the cell's canonical form.
        seed: of this training.
        params, flops: of the network without its training-only parts.
        status: waiting, finished or failed.
        epochs: that it was trained for.
        seconds: of its epochs.
        val_accuracy, val_loss: after the last epoch; None where nothing was validated.
        test_accuracy: read once, when all trainings were over.
        error: why it failed.
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
    val_accuracy: float | None = None
    val_loss: float | None = None
    test_accuracy: float | None = None
    error: str | None = None


@dataclass
class Training:
    """All trainings of one run directory.

    Attributes:
        name: of the run.
        training_id: identifies it in MLflow.
        config: as composed.
        command: what was typed.
        data: image_shape, num_classes, class_names, mean, std, pixel_range and fingerprint of what is trained on.
        members: the trainings, cell by cell.
        status: running or finished.
        tracking: where MLflow shows it.
        tracked: whether MLflow has all of it.
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

    def cells(self) -> list[dict[str, Any]]:
        """Each cell with mean and standard deviation of its members' accuracies, in the order of the members."""
        keys = dict.fromkeys(member.key for member in self.members)
        return [
            self._cell([member for member in self.members if member.key == key]) for key in keys
        ]

    def _cell(self, members: Sequence[Member]) -> dict[str, Any]:
        first = members[0]
        spread = {
            name: _mean_sd([getattr(m, name) for m in members])
            for name in ("val_accuracy", "test_accuracy")
        }
        return {
            "cell": first.cell,
            "params": first.params,
            "flops": first.flops,
            "trainings": len(members),
            **spread,
        }

    def best(self) -> Member | None:
        """The member to export: the best validated one of the cell with the best mean. Test accuracy has no say."""
        finished = [member for member in self.members if member.status == "finished"]
        if not finished:
            return None

        def mean(member: Member) -> float:
            values = [
                m.val_accuracy
                for m in finished
                if m.key == member.key and m.val_accuracy is not None
            ]
            return statistics.mean(values) if values else 0.0

        return max(finished, key=lambda member: (mean(member), member.val_accuracy or 0.0))

    def save(self, run_dir: Path) -> None:
        """Replace ``training.json`` at once or not at all.

        Raises:
            NotWritable: no room, no permission.
        """
        best = self.best()
        shown = {**asdict(self), "cells": self.cells(), "best": None if best is None else best.id}
        write_text(run_dir / TRAINING, json.dumps(shown, indent=2) + "\n")


def load_training(run_dir: Path) -> Training:
    """What ``run_dir`` holds.

    Raises:
        RunDirectoryError: no training there, or not a readable one.
    """
    path = run_dir / TRAINING
    try:
        stored = json.loads(path.read_text())
        members = [Member(**member) for member in stored.pop("members")]
        derived = {name: stored.pop(name) for name in ("cells", "best")}
        del derived
        return Training(**stored, members=members)
    except FileNotFoundError:
        raise RunDirectoryError(
            f"{run_dir}: is not the directory of a training (it has no {TRAINING})"
        ) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise RunDirectoryError(f"{path}: cannot be read ({reason})") from error


def write_history(path: Path, epochs: Sequence[dict[str, float]]) -> None:
    """One row an epoch; empty where an epoch was not validated."""
    names = list(dict.fromkeys(name for values in epochs for name in values))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("epoch", *names))
    for epoch, values in enumerate(epochs, start=1):
        writer.writerow((epoch, *(values.get(name, "") for name in names)))
    write_text(path, text.getvalue())


def read_history(path: Path) -> list[dict[str, float]]:
    """What `write_history` wrote; nothing if there is no such file."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {name: float(value) for name, value in row.items() if value and name != "epoch"}
        for row in rows
    ]


def _mean_sd(values: Sequence[float | None]) -> dict[str, float | None]:
    known = [value for value in values if value is not None]
    return {
        "mean": statistics.mean(known) if known else None,
        "sd": statistics.stdev(known) if len(known) > 1 else None,
    }
