"""Keras callbacks of a final training: its record, its checkpoints and its early end."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from pnas.children.child_failure import ChildFailure
from pnas.children.final_training.checkpoint import Progress, save_checkpoint
from pnas.children.trainer_specs import FinalTrainerSpec

OnEpoch = Callable[[Progress], None]
Logs = dict[str, float] | None


class ResumedEarlyStopping(keras.callbacks.EarlyStopping):
    """Keras's early stopping by epochs, which first replays those of an earlier process.

    Args:
        progress: State of the training.
        trainer: Its ``patience``: epochs without a better value of its ``reward_metric`` on the
            validation part after which it stops.
    """

    def __init__(self, progress: Progress, trainer: FinalTrainerSpec) -> None:
        monitored = f"val_{trainer.reward_metric}"
        super().__init__(monitor=monitored, mode="max", patience=trainer.patience)
        self._progress = progress

    def on_train_begin(self, logs: Logs = None) -> None:
        super().on_train_begin(logs)
        for epoch, values in enumerate(self._progress.epochs):
            self.on_epoch_end(epoch, values)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        # trainer.validate_every leaves epochs out, which Keras would not count.
        if self.monitor in (logs or {}):
            self.wait = epoch - self.best_epoch - 1
            super().on_epoch_end(epoch, logs)


class ProgressRecorder(keras.callbacks.Callback):
    """Records each epoch, writes checkpoints, and fails a training that has diverged.

    Args:
        progress: State of the training, updated in place.
        trainer: Settings of the training.
        checkpoint: File to write.
        on_epoch: Called after each epoch, when its checkpoint is written.
    """

    def __init__(
        self, progress: Progress, trainer: FinalTrainerSpec, checkpoint: Path, on_epoch: OnEpoch
    ) -> None:
        super().__init__()
        self._progress = progress
        self._trainer = trainer
        self._checkpoint = checkpoint
        self._on_epoch = on_epoch
        self._epoch_start = 0.0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch_start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        _check_finite(values, epoch)

        values["learning_rate"] = self._learning_rate()
        values["seconds"] = time.perf_counter() - self._epoch_start
        self._progress.epochs.append(values)
        if self._is_checkpointed(epoch):
            self._save()
        self._on_epoch(self._progress)

    def on_train_end(self, logs: Logs = None) -> None:
        # By now Keras has put the averaged weights, if there are any, in place of the others.
        is_complete = len(self._progress.epochs) == self._trainer.epochs
        early = f"no better epoch for {self._trainer.patience}"
        self._progress.ended = "all epochs" if is_complete else early
        self._save()

    def _is_checkpointed(self, epoch: int) -> bool:
        """Return whether there is a checkpoint after ``epoch``; `on_train_end` writes the last."""
        is_last = epoch + 1 == self._trainer.epochs or self.model.stop_training
        return not is_last and (epoch + 1) % self._trainer.checkpoint_every == 0

    def _save(self) -> None:
        save_checkpoint(self._checkpoint, checkpoint_variables(self.model), self._progress)

    def _learning_rate(self) -> float:
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))


def _check_finite(values: dict[str, float], epoch: int) -> None:
    """Raise `ChildFailure` for the first value after `epoch` (from 0) that is not finite."""
    for name, value in values.items():
        if not math.isfinite(value):
            metric = name.removeprefix("val_").replace("_", " ")
            shown = f"validation {metric}" if name.startswith("val_") else metric
            raise ChildFailure(f"training diverged: {shown} is {value} in epoch {epoch + 1}")


def checkpoint_variables(model: keras.Model) -> list[Any]:
    """Return all variables that the next epoch depends on, in a fixed order."""
    return [*model.variables, *model.optimizer.variables]
