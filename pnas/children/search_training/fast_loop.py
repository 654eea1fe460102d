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
from pnas.children.search_training.epoch_batches import Rates, epoch_batches, learning_rates
from pnas.children.search_training.evaluation import Evaluation
from pnas.children.search_training.kept_training import History, KeptTraining
from pnas.children.search_training.traced_child import TracedChild
from pnas.children.search_training.training_step import Step
from pnas.children.tensorflow_runtime import fast_graphs
from pnas.children.trainer_specs import SearchTrainerSpec
from pnas.records.stop_rule import StopRule

__all__ = ["History", "run_epoch", "train"]

_NOT_VALIDATED = Evaluation(loss=math.nan, accuracy=math.nan, balanced_accuracy=math.nan)

STEPS_PER_CALL = 64
"""Steps in one call of TensorFlow.

Each call costs a millisecond, so there should be many; but Ctrl-C waits for the end of a call.
"""


def train(
    child: TracedChild,
    trainer: SearchTrainerSpec,
    seed: int,
    kept: KeptTraining | None = None,
    stop_rule: StopRule | None = None,
) -> History:
    """Train the weights of ``child`` in place.

    Args:
        child: The child, as it was made, or as `TracedChild.restart` has left it.
        trainer: Settings of the training: those that it was made with, apart from the epochs and
            the schedule.
        seed: Seed of the order of examples.
        kept: Where the training goes on from, and where a part of a whole one is kept before its
            decay; None for a training by itself.
        stop_rule: What may end the training before its last epoch; None to train to the end.

    Returns:
        Per-epoch values by name: loss and accuracy (means over the steps of the epoch, while the
        weights change), learning_rate (of the last step), val_loss and val_accuracy (NaN after
        epochs that are not validated), and val_balanced_accuracy where it is the reward's metric.

    Raises:
        ChildFailure: A loss is no longer finite.
    """
    batches = epoch_batches(len(child.data.x_train), trainer, seed)
    epochs, steps_per_epoch, _ = batches.shape
    rates = learning_rates(trainer, epochs * steps_per_epoch).reshape(epochs, steps_per_epoch)

    history: History = defaultdict(list)
    first_epoch = 0
    if kept is not None:
        first_epoch = kept.restore(child.variables, history, trainer.stable_epochs)
        _forget_validations(history, trainer)

    with fast_graphs():
        for epoch in range(first_epoch, epochs):
            values = run_epoch(child.steps, batches[epoch], rates[epoch])
            validation = child.validate() if trainer.is_validated(epoch) else _NOT_VALIDATED
            values["val_loss"] = validation.loss
            values["val_accuracy"] = validation.accuracy
            if trainer.reward_metric == "balanced_accuracy":
                values["val_balanced_accuracy"] = validation.balanced_accuracy
            _check_finite(epoch, trainer, values)
            for name, value in values.items():
                history[name].append(value)
            if kept is not None and kept.is_due(trainer, epoch + 1):
                kept.save(child.variables, history, epoch + 1)
            if stop_rule is not None and stop_rule.stops(history):
                break
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


def _forget_validations(history: History, trainer: SearchTrainerSpec) -> None:
    """Leave out validations that a shorter training needed and this one does not make."""
    for name, values in history.items():
        if not name.startswith("val_"):
            continue
        for epoch in range(len(values)):
            if not trainer.is_validated(epoch):
                values[epoch] = math.nan


def _check_finite(epoch: int, trainer: SearchTrainerSpec, values: dict[str, float]) -> None:
    loss = values["loss"]
    if not math.isfinite(loss):
        raise ChildFailure(f"training diverged: loss is {loss} in epoch {epoch + 1}")
    val_loss = values["val_loss"]
    if trainer.is_validated(epoch) and not math.isfinite(val_loss):
        raise ChildFailure(
            f"training diverged: validation loss is {val_loss} after epoch {epoch + 1}"
        )
