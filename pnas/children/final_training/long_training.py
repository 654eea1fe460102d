"""One final training, resumable at any epoch: what `task=train` does for a cell and seed."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pnas.children.child_weights import save_weights
from pnas.children.class_balance import balanced_weights
from pnas.children.final_training.batches import (
    evaluation_batches,
    reading_errors,
    steps_per_epoch,
    training_batches,
)
from pnas.children.final_training.checkpoint import Progress, load_checkpoint, read_progress
from pnas.children.final_training.keras_optimizer import final_optimizer
from pnas.children.final_training.training_callbacks import (
    OnEpoch,
    ProgressRecorder,
    ResumedEarlyStopping,
    checkpoint_variables,
)
from pnas.children.final_training.training_model import (
    FinalModel,
    ModelSpec,
    build_final,
    plain_copy,
)
from pnas.children.network_specs import NetworkSpec
from pnas.children.search_training.traced_child import is_compiled
from pnas.children.tensorflow_runtime import fast_graphs
from pnas.children.trainer_specs import FinalTrainerSpec
from pnas.data import Parts
from pnas.state_space import Cell
from pnas.state_space.isomorphism.canonical import canonical_form


@dataclass(frozen=True)
class FinalJob:
    """A cell to train to the end.

    Attributes:
        cell: Cell to stack.
        network: Settings of the network around it.
        trainer: Settings of the training.
        seed: Seed of weights, batches, augmentation and what is dropped.
        validates: Whether the validation part is evaluated; False where it is trained on.
    """

    cell: Cell
    network: NetworkSpec
    trainer: FinalTrainerSpec
    seed: int
    validates: bool = True

    def model_spec(self, data: Parts) -> ModelSpec:
        """Return the architecture for the images and classes of ``data``."""
        cell = canonical_form(self.cell)
        return ModelSpec(cell, self.network, data.image_shape, data.num_classes)


def train_final(
    job: FinalJob,
    data: Parts,
    checkpoint: Path,
    weights_path: Path,
    on_epoch: OnEpoch = lambda _: None,
) -> Progress:
    """Train ``job`` to its end, from its checkpoint if there is one, and write its weights.

    The same job gives the same curve however often it was interrupted: batches depend on seed and
    epoch alone, and the checkpoint holds weights, optimizer and random states.

    Args:
        job: What to train.
        data: Data set.
        checkpoint: File of the checkpoint.
        weights_path: File of the trained weights.
        on_epoch: Called after each epoch, when its checkpoint is written.

    Raises:
        ChildFailure: The loss is no longer finite.
        InvalidValue: The checkpoint is not one of this job, the network does not fit the images, or
            a streamed image cannot be read any more.
    """
    strategy = make_strategy() if job.trainer.distribute == "mirrored" else None
    with _graph_options():
        with nullcontext() if strategy is None else strategy.scope():
            replicas = 1 if strategy is None else strategy.num_replicas_in_sync
            model = _build(job, data, replicas)
        progress = read_progress(checkpoint)
        if progress is None:
            progress = Progress(str(job.cell), data.num_classes)
        else:
            load_checkpoint(checkpoint, checkpoint_variables(model))
        if not progress.ended:
            with reading_errors():
                _fit(model, job, data, progress, checkpoint, on_epoch)

    _save_plain_weights(model, job.model_spec(data), weights_path)
    return progress


@cache
def make_strategy() -> tf.distribute.MirroredStrategy:
    """Return a strategy over all visible GPUs, or over the logical CPUs of a machine without one.

    There is one for the process. A second one would number its exchanges between devices as the
    first one did, and mix them up.
    """
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def _graph_options() -> AbstractContextManager[None]:
    """Return the graph options of this machine.

    The layouts of the graph optimizer are worth their time on a GPU. On a CPU the graph is faster
    as it is written.
    """
    if tf.config.get_visible_devices("GPU"):
        return nullcontext()
    return fast_graphs()


def _build(job: FinalJob, data: Parts, replicas: int) -> FinalModel:
    trainer = job.trainer
    examples = len(data.train.labels)
    steps = steps_per_epoch(examples, trainer.batchsize)
    optimizer = final_optimizer(trainer, steps)
    # XLA has no kernel for the beta distributions of MixUp and CutMix.
    has_beta_distribution = bool(trainer.mixup or trainer.cutmix)
    model = build_final(
        job.model_spec(data),
        trainer,
        optimizer,
        total_steps=trainer.epochs * steps,
        seed=job.seed,
        replicas=replicas,
        jit_compile=is_compiled(trainer, examples) and not has_beta_distribution,
        class_weights=_class_weights(trainer, data),
    )
    optimizer.build(model.trainable_variables)
    return model


def _class_weights(trainer: FinalTrainerSpec, data: Parts) -> NDArray[np.float32] | None:
    if trainer.class_weights == "none":
        return None
    return balanced_weights(data.train.labels, data.num_classes)


def _fit(
    model: FinalModel,
    job: FinalJob,
    data: Parts,
    progress: Progress,
    checkpoint: Path,
    on_epoch: OnEpoch,
) -> None:
    trainer = job.trainer
    epochs_done = len(progress.epochs)
    batches = training_batches(
        data.train,
        data.num_classes,
        trainer.batchsize,
        job.seed,
        epochs=range(epochs_done, trainer.epochs),
        microbatches=trainer.accumulate,
    )
    validation = None
    if job.validates:
        validation = evaluation_batches(data.val, data.num_classes, trainer.accumulate)

    callbacks: list[keras.callbacks.Callback] = []
    if trainer.ema:
        callbacks.append(keras.callbacks.SwapEMAWeights())
    if trainer.patience and job.validates:
        callbacks.append(ResumedEarlyStopping(progress, trainer))
    callbacks.append(ProgressRecorder(progress, trainer, checkpoint, on_epoch))

    steps = steps_per_epoch(len(data.train.labels), trainer.batchsize)
    model.fit(
        batches,
        epochs=trainer.epochs,
        initial_epoch=epochs_done,
        steps_per_epoch=steps * trainer.accumulate,
        validation_data=validation,
        validation_freq=trainer.validated_epochs,
        callbacks=callbacks,
        # The batches are shuffled already.
        shuffle=False,
        verbose=0,
    )


def _save_plain_weights(model: FinalModel, spec: ModelSpec, path: Path) -> None:
    plain = plain_copy(model, spec)
    trainable = [variable.numpy() for variable in plain.trainable_variables]
    state = [variable.numpy() for variable in plain.non_trainable_variables]
    save_weights(trainable, state, path)
