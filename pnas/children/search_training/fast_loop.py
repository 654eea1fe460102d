"""The training loop of one child, made for a life of a few hundred steps of a graph seen once.

The data is put on the device once and gathered by index in the step. The step is one traced
function over flat weights, without graph optimization, and many steps are one call. Nothing is
fetched before the end of an epoch. The result is that of Keras's ``fit`` on the same batches, which
tests/children/search_training/test_fast_loop.py compares weight by weight and step by step.
"""

import math
from collections import defaultdict

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pnas.children.child_failure import ChildFailure
from pnas.children.class_balance import balanced_weights
from pnas.children.search_training.epoch_batches import Rates, epoch_batches, learning_rates
from pnas.children.search_training.evaluation import (
    EVALUATION_BATCH,
    Evaluation,
    make_evaluation,
)
from pnas.children.search_training.flat_weights import FlatWeights
from pnas.children.search_training.optimizers import make_optimizer
from pnas.children.search_training.training_step import (
    Augmentation,
    DeviceData,
    Step,
    in_one_call,
    make_step,
    step_by_step,
    to_device,
)
from pnas.children.tensorflow_runtime import fast_graphs
from pnas.children.trainer_specs import SearchTrainerSpec, TrainerSpec
from pnas.seeds import derive_seed

__all__ = ["DeviceData", "History", "is_compiled", "run_epoch", "to_device", "train"]

History = dict[str, list[float]]

_NOT_VALIDATED = Evaluation(loss=math.nan, accuracy=math.nan, balanced_accuracy=math.nan)

STEPS_PER_CALL = 64
"""Steps in one call of TensorFlow.

Each call costs a millisecond, so there should be many; but Ctrl-C waits for the end of a call.
"""

COMPILED_STEPS = 5000
"""Steps from which on XLA's compilation (10 s to a minute a child) pays off on a GPU."""


def train(
    weights: FlatWeights,
    data: DeviceData,
    trainer: SearchTrainerSpec,
    seed: int,
    accumulate: int | None = None,
) -> History:
    """Train ``weights`` in place.

    Args:
        weights: Weights of the child.
        data: What it is trained and validated on.
        trainer: Settings of the training.
        seed: Seed of the order of examples and of augmentation.
        accumulate: Number of microbatches of a batch, in place of the trainer's.

    Returns:
        Per-epoch values by name: loss and accuracy (means over the steps of the epoch, while the
        weights change), learning_rate (of the last step), val_loss and val_accuracy (NaN after
        epochs that are not validated), and val_balanced_accuracy where it is the reward's metric.

    Raises:
        ChildFailure: A loss is no longer finite.
    """
    microbatches = accumulate or trainer.accumulate
    examples = len(data.x_train)
    batches = epoch_batches(examples, trainer, seed)
    epochs, steps_per_epoch, _ = batches.shape
    rates = learning_rates(trainer, epochs * steps_per_epoch).reshape(epochs, steps_per_epoch)

    history: History = defaultdict(list)
    with fast_graphs():
        step = make_step(
            weights,
            data,
            make_optimizer(trainer),
            jit_compile=is_compiled(trainer, examples),
            microbatches=microbatches,
            augment=_make_augmentation(trainer, data, seed),
            class_weights=_class_weights(trainer, data),
        )
        # An accumulated step is several calls, so that only one microbatch is in memory at a time.
        steps = in_one_call(step) if microbatches == 1 else step_by_step(step)
        # Where memory is short in training, it may be short for a larger batch in evaluation too.
        evaluation_batch = max(1, EVALUATION_BATCH // microbatches)
        validate = make_evaluation(weights, data.x_val, data.y_val, evaluation_batch)

        for epoch in range(epochs):
            values = run_epoch(steps, batches[epoch], rates[epoch])
            validation = validate() if trainer.is_validated(epoch) else _NOT_VALIDATED
            values["val_loss"] = validation.loss
            values["val_accuracy"] = validation.accuracy
            if trainer.reward_metric == "balanced_accuracy":
                values["val_balanced_accuracy"] = validation.balanced_accuracy
            _check_finite(epoch, trainer, values)
            for name, value in values.items():
                history[name].append(value)
    return dict(history)


def run_epoch(steps: Step, batches: NDArray[np.int32], rates: Rates) -> dict[str, float]:
    """Run the steps of one epoch, and fetch their metrics once, at its end.

    Args:
        steps: Runs several steps, as returned by `in_one_call`.
        batches: Indices of the examples, (steps, batchsize).
        rates: Learning rates, (steps,).
    """
    sums = []
    for start in range(0, len(rates), STEPS_PER_CALL):
        call = slice(start, start + STEPS_PER_CALL)
        sums.append(steps(tf.constant(batches[call]), tf.constant(rates[call])))

    totals = tf.stack(sums).numpy().astype(np.float64).sum(axis=0)
    loss, accuracy = totals / len(rates)
    return {"loss": float(loss), "accuracy": float(accuracy), "learning_rate": float(rates[-1])}


def is_compiled(trainer: TrainerSpec, examples: int) -> bool:
    """Return whether XLA compiles the training step of a child."""
    if trainer.jit_compile != "auto":
        return trainer.jit_compile == "on"
    steps = trainer.epochs * (examples // trainer.batchsize)
    return steps >= COMPILED_STEPS and bool(tf.config.get_visible_devices("GPU"))


def _class_weights(trainer: SearchTrainerSpec, data: DeviceData) -> tf.Tensor | None:
    if trainer.class_weights == "none":
        return None
    labels = data.y_train.numpy()
    return tf.constant(balanced_weights(labels, num_classes=labels.max() + 1))


def _make_augmentation(
    trainer: SearchTrainerSpec, data: DeviceData, seed: int
) -> Augmentation | None:
    if not trainer.augments:
        return None
    from pnas.children.augmentation import ImageAugmentation

    image_shape = tuple(data.x_train.shape[1:])
    augmentation: Augmentation = ImageAugmentation(
        trainer, image_shape, derive_seed(seed, "augment")
    )
    return augmentation


def _check_finite(epoch: int, trainer: SearchTrainerSpec, values: dict[str, float]) -> None:
    loss = values["loss"]
    if not math.isfinite(loss):
        raise ChildFailure(f"training diverged: loss is {loss} in epoch {epoch + 1}")
    val_loss = values["val_loss"]
    if trainer.is_validated(epoch) and not math.isfinite(val_loss):
        raise ChildFailure(
            f"training diverged: validation loss is {val_loss} after epoch {epoch + 1}"
        )
