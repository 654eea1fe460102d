"""The run directory of a `task=train`: a new one, or one that this command continues."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from rich.console import Console

from pnas.children import count_network
from pnas.children.final_training.checkpoint import Progress
from pnas.config import read_stored_settings
from pnas.data import DataInfo, Parts
from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records.path_safety import check_no_escaping_symlinks
from pnas.records.resumability import differences
from pnas.records.run_directory import CONFIG, JOURNAL, hold
from pnas.records.training_record import (
    HISTORY,
    MEMBERS,
    TRAINING,
    Member,
    Training,
    load_training,
    read_history,
    write_history,
)
from pnas.runs.cell_selection import SelectedCells
from pnas.runs.command_context import Context
from pnas.seeds import derive_seed
from pnas.state_space.isomorphism.canonical import canonical_form
from pnas.system.atomic_write import write_text
from pnas.system.console import print_line
from pnas.tracking.training_projection import Curve, TrainingTracker

_MEANING = ("child", "trainer", "data", "seed")
_FREE = (
    "trainer.device",
    "trainer.checkpoint_every",
    "trainer.max_params",
    "trainer.max_madds",
    "data.stream",
    "data.pixel_range",
    "data.skip_unreadable",
)


class Run:
    """A training as it is going on: its record, files and tracker."""

    def __init__(self, run_dir: Path, training: Training, tracker: TrainingTracker) -> None:
        self._run_dir = run_dir
        self.training = training
        self._tracker = tracker

    def folder(self, member: Member) -> Path:
        return self._run_dir / MEMBERS / member.id

    def save(self) -> None:
        """Write training.json."""
        self.training.save(self._run_dir)

    def check_data(self, data: Parts) -> None:
        """Note what is trained on; refuse to go on with something else.

        Raises:
            InvalidValue: another fingerprint than an earlier command of this run saw.
        """
        known = self.training.data.get("fingerprint")
        if known is not None and known != data.fingerprint:
            raise InvalidValue(
                "data", f"must be what {self._run_dir} was started on ({known})", data.fingerprint
            )
        self.training.data |= {
            "fingerprint": data.fingerprint,
            "class_names": None if data.class_names is None else list(data.class_names),
            "mean": None if data.mean is None else data.mean.tolist(),
            "std": None if data.std is None else data.std.tolist(),
            "pixel_range": data.pixel_range.describe(),
        }
        self.save()

    def epoch_ended(self, member: Member, console: Console | None, progress: Progress) -> None:
        """Take over what an epoch has found: record, history, a line on ``console`` and the
        tracker.
        """
        epochs = progress.epochs
        last = progress.epochs[-1]
        member.epochs = len(epochs)
        member.seconds = sum(values["seconds"] for values in epochs)
        validated = [values for values in epochs if "val_accuracy" in values]
        if validated:
            member.val_accuracy, member.val_loss = (
                validated[-1][name] for name in ("val_accuracy", "val_loss")
            )
        write_history(self.folder(member) / HISTORY, epochs)
        if console is not None:
            _show_epoch(console, member, last)
        self._tracker.advance(Curve(member, epochs))

    def show(self) -> None:
        """Bring MLflow up to date, as far as it can be reached; what an earlier command could not
        deliver too.
        """
        if self.training.tracked:
            return
        curves = [
            Curve(member, read_history(self.folder(member) / HISTORY))
            for member in self.training.members
        ]
        files = [path for name in (CONFIG, TRAINING) if (path := self._run_dir / name).is_file()]
        is_shown = self._tracker.finish(curves, self.training, files)
        if self._tracker.info is not None:
            self.training.tracking = self._tracker.info
            self.training.tracked = is_shown and self.training.status == "finished"
            self.save()


@contextmanager
def opened_training(chosen: SelectedCells, info: DataInfo, context: Context) -> Iterator[Run]:
    """Hold the run directory of this command and yield what is going on in it.

    Raises:
        RunDirectoryError: it is in use, or holds something else.
        InvalidValue: it holds a training of another cell, data, network, recipe or seed.
    """
    run_dir = context.run_dir
    _check_ours(run_dir)
    run_dir.mkdir(parents=True, exist_ok=True)
    check_no_escaping_symlinks(run_dir)
    with hold(run_dir):
        if (run_dir / TRAINING).is_file():
            training = load_training(run_dir)
            _refuse_other(run_dir, training, chosen, info)
        else:
            training = _begin(chosen, info, context)
            write_text(run_dir / CONFIG, OmegaConf.to_yaml(OmegaConf.create(training.config)))
            training.save(run_dir)
        tracker = TrainingTracker(chosen.settings.tracking, training)
        yield Run(run_dir, training, tracker)


def _begin(chosen: SelectedCells, info: DataInfo, context: Context) -> Training:
    settings = chosen.settings
    name = settings.name if context.job is None else f"{settings.name}-{context.job}"
    data: dict[str, Any] = {
        "name": info.name,
        "image_shape": list(info.image_shape),
        "num_classes": info.num_classes,
    }
    members = [member for cell in chosen.cells for member in _members(str(cell), chosen, info)]
    return Training(
        name, uuid.uuid4().hex, settings.as_dict(), list(context.overrides), data, members
    )


def _members(text: str, chosen: SelectedCells, info: DataInfo) -> list[Member]:
    settings = chosen.settings
    cell = next(cell for cell in chosen.cells if str(cell) == text)
    key = canonical_form(cell).text_hash
    counts = count_network(cell, settings.child, info.image_shape, info.num_classes)
    return [
        Member(f"{key}-{i}", text, key, derive_seed(settings.seed, "final", key, i), *counts)
        for i in range(settings.task.seeds)
    ]


def _check_ours(run_dir: Path) -> None:
    if run_dir.is_dir() and not (run_dir / TRAINING).is_file():
        others = sorted(
            path.name for path in run_dir.iterdir() if not path.name.startswith((".lock", ".hydra"))
        )
        if others and others != [CONFIG]:
            what = "a search" if JOURNAL in others else f"something else (it holds {others[0]})"
            raise RunDirectoryError(
                f"name: {run_dir} holds {what}, not a training. Choose another name"
            )


def _refuse_other(run_dir: Path, training: Training, chosen: SelectedCells, info: DataInfo) -> None:
    """A run goes on only as what it was started as."""
    stored = list(dict.fromkeys(member.cell for member in training.members))
    cells = [str(cell) for cell in chosen.cells]
    rule = f"{run_dir} trains {'; '.join(stored)}; keep that, or choose another name"
    if cells != stored:
        raise InvalidValue("cell", rule, "; ".join(cells))
    classes = training.data["num_classes"]
    if info.num_classes != classes:
        rule = f"{run_dir} trains on {classes} classes; keep that, or choose another name"
        raise InvalidValue("data", rule, f"{info.num_classes} classes")
    current = chosen.settings.as_dict()
    before_config = read_stored_settings(training.config).as_dict()
    for key, before, after in differences(_meaning(before_config), _meaning(current)):
        if key not in _FREE:
            shown = json.dumps(before)
            rule = f"{run_dir} was started with {shown}; keep that, or choose another name"
            raise InvalidValue(key, rule, after)


def _meaning(config: dict[str, Any]) -> dict[str, Any]:
    task = {key: config["task"][key] for key in ("seeds", "train_on")}
    return {**{key: config[key] for key in _MEANING}, "task": task}


def _show_epoch(console: Console, member: Member, values: dict[str, float]) -> None:
    shown = " ".join(
        f"{name} {values[name]:.4f}"
        for name in ("loss", "accuracy", "val_accuracy")
        if name in values
    )
    line = f"{member.id} epoch {member.epochs}: {shown} ({values['seconds']:.1f} s)"
    print_line(console, line)
