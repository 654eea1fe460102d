"""One long training, resumable at any epoch: what `task=train` does for one cell and seed."""

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pnas.children.child_failure import ChildFailure
from pnas.children.child_weights import save_weights
from pnas.children.final_training.batches import (
    evaluation_batches,
    steps_per_epoch,
    training_batches,
)
from pnas.children.final_training.checkpoint import (
    Progress,
    load_checkpoint,
    read_progress,
    save_checkpoint,
)
from pnas.children.final_training.keras_optimizer import final_optimizer
from pnas.children.final_training.training_model import FinalModel, build_final, plain_copy
from pnas.children.search_training.fast_loop import is_compiled
from pnas.children.spec import NetworkSpec, TrainerSpec
from pnas.children.tensorflow_runtime import lean_graphs
from pnas.data import Parts
from pnas.state_space import Cell
from pnas.state_space.isomorphism.canonical import canonical_form

OnEpoch = Callable[[Progress], None]


@dataclass(frozen=True)
class FinalJob:
    """A cell to train for as long as it takes.

    Attributes:
        cell: the cell to stack.
        network: what surrounds it.
        trainer: the recipe.
        seed: of weights, batches, augmentation and what is dropped.
        validates: whether the validation part is looked at; not where it is trained on.
    """

    cell: Cell
    network: NetworkSpec
    trainer: TrainerSpec
    seed: int
    validates: bool = True


def train_final(
    job: FinalJob,
    data: Parts,
    checkpoint: Path,
    weights_path: Path,
    on_epoch: OnEpoch = lambda _: None,
) -> Progress:
    """Train ``job`` from ``checkpoint`` on, if there is one, to its end; leave its weights at ``weights_path``.

    The same job gives the same curve however often it was stopped in between: batches depend on seed and epoch
    alone, and the checkpoint holds weights, optimizer and random states.

    Args:
        on_epoch: told of each epoch, after its checkpoint is written.

    Raises:
        ChildFailure: the loss is no longer finite.
        InvalidValue: the checkpoint is not one of this job, or the network does not fit the images.
    """
    strategy = make_strategy() if job.trainer.distribute == "mirrored" else None
    # Grappler's layouts are worth their time on a GPU; on a CPU the graph as it is written is the faster one.
    with nullcontext() if tf.config.get_visible_devices("GPU") else lean_graphs():
        with nullcontext() if strategy is None else strategy.scope():
            model = _build(job, data, 1 if strategy is None else strategy.num_replicas_in_sync)
        progress = _restore(model, checkpoint) or Progress(str(job.cell), data.num_classes)
        if not progress.ended:
            _fit(model, job, data, progress, checkpoint, on_epoch)
    network = (canonical_form(job.cell), job.network, data.image_shape, data.num_classes)
    plain = plain_copy(model, *network)
    trainable = plain.trainable_variables
    state = plain.non_trainable_variables
    save_weights([v.numpy() for v in trainable], [v.numpy() for v in state], weights_path)
    return progress


@cache
def make_strategy() -> tf.distribute.MirroredStrategy:
    """All visible GPUs, or the logical CPUs of a machine without.

    One for the process: a second one would number its exchanges between devices as the first did, and mix them up.
    """
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def _build(job: FinalJob, data: Parts, replicas: int) -> FinalModel:
    trainer = job.trainer
    steps = steps_per_epoch(len(data.train.labels), job.trainer.batchsize)
    optimizer = final_optimizer(trainer, steps * trainer.accumulate)
    # Beta distributions have no XLA kernel.
    compiled = is_compiled(trainer, len(data.train.labels)) and not (
        trainer.mixup or trainer.cutmix
    )
    model = build_final(
        canonical_form(job.cell),
        job.network,
        trainer,
        data.image_shape,
        data.num_classes,
        optimizer,
        trainer.epochs * steps,
        job.seed,
        replicas,
        compiled,
    )
    optimizer.build(model.trainable_variables)
    return model


def _variables(model: FinalModel) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def _restore(model: FinalModel, checkpoint: Path) -> Progress | None:
    progress = read_progress(checkpoint)
    if progress is not None:
        load_checkpoint(checkpoint, _variables(model))
    return progress


def _fit(
    model: FinalModel,
    job: FinalJob,
    data: Parts,
    progress: Progress,
    checkpoint: Path,
    on_epoch: OnEpoch,
) -> None:
    trainer = job.trainer
    done = len(progress.epochs)
    batches = training_batches(
        data.train,
        data.num_classes,
        trainer.batchsize,
        job.seed,
        range(done, trainer.epochs),
        trainer.accumulate,
    )
    callbacks: list[keras.callbacks.Callback] = (
        [keras.callbacks.SwapEMAWeights()] if trainer.ema else []
    )
    if trainer.patience and job.validates:
        callbacks.append(ResumedEarlyStopping(progress, trainer.patience))
    callbacks.append(KeepProgress(progress, trainer, checkpoint, on_epoch))
    model.fit(
        batches,
        epochs=trainer.epochs,
        initial_epoch=done,
        steps_per_epoch=steps_per_epoch(len(data.train.labels), trainer.batchsize)
        * trainer.accumulate,
        validation_data=evaluation_batches(data.val, data.num_classes) if job.validates else None,
        validation_freq=validated_epochs(trainer),
        callbacks=callbacks,
        shuffle=False,  # the batches are
        verbose=0,
    )


def validated_epochs(trainer: TrainerSpec) -> list[int]:
    """Epochs, from 1, after which the validation part is looked at: the last one in any case."""
    last = trainer.epochs
    every = trainer.validate_every
    return [epoch for epoch in range(1, last + 1) if epoch % every == 0 or epoch == last]


class ResumedEarlyStopping(keras.callbacks.EarlyStopping):
    """Keras's early stopping, told first of the epochs that an earlier process saw."""

    def __init__(self, progress: Progress, patience: int) -> None:
        super().__init__(monitor="val_accuracy", mode="max", patience=patience)
        self._progress = progress

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        super().on_train_begin(logs)
        for epoch, values in enumerate(self._progress.epochs):
            self.on_epoch_end(epoch, values)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if "val_accuracy" in (logs or {}):  # trainer.validate_every leaves epochs out
            super().on_epoch_end(epoch, logs)


class KeepProgress(keras.callbacks.Callback):
    """Notes each epoch, writes checkpoints, and ends a training that is over or has diverged."""

    def __init__(
        self, progress: Progress, trainer: TrainerSpec, checkpoint: Path, on_epoch: OnEpoch
    ) -> None:
        super().__init__()
        self._progress = progress
        self._trainer = trainer
        self._checkpoint = checkpoint
        self._on_epoch = on_epoch
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        if not all(map(math.isfinite, values.values())):
            raise ChildFailure(
                f"training diverged: loss is {values.get('loss')} in epoch {epoch + 1}"
            )
        values |= {"learning_rate": self._rate(), "seconds": time.perf_counter() - self._started}
        self._progress.epochs.append(values)
        is_last = epoch + 1 == self._trainer.epochs
        if (
            not (is_last or self.model.stop_training)
            and (epoch + 1) % self._trainer.checkpoint_every == 0
        ):
            self._save()
        self._on_epoch(self._progress)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """The last checkpoint: Keras has put averaged weights, if there are any, in their place."""
        is_whole = len(self._progress.epochs) == self._trainer.epochs
        self._progress.ended = (
            "all epochs" if is_whole else f"no better epoch for {self._trainer.patience}"
        )
        self._save()

    def _save(self) -> None:
        save_checkpoint(self._checkpoint, _variables(self.model), self._progress)

    def _rate(self) -> float:
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
