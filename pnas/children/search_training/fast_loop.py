"""The training loop of one child: lean, because a child's life is a few hundred steps of a graph seen once.

The data is put on the device once and gathered by index in the step; the step is one traced function over
flat weights, without graph rewriting, and many steps are one call; nothing is fetched before the end of an
epoch. The result is that of Keras's ``fit`` on the same batches: tests/children/test_training.py compares
weights step by step.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pnas.children.child_failure import ChildFailure
from pnas.children.schedules import rates_by_step
from pnas.children.search_training.flat_weights import FlatWeights
from pnas.children.search_training.optimizers import make_optimizer
from pnas.children.spec import TrainerSpec
from pnas.children.tensorflow_runtime import lean_graphs
from pnas.data import Dataset
from pnas.seeds import derive_seed

History = dict[str, list[float]]
Rates = NDArray[np.float32]
EVALUATION_BATCH = 512
"""Examples evaluated in one call: few calls, and activations that stay small beside those of training."""
STEPS_A_CALL = 64
"""Steps taken in one call of TensorFlow: many, since each call costs a millisecond, but Ctrl-C waits for its end."""
COMPILED_STEPS = 5000
"""Steps from which on ``jit_compile=auto`` pays for XLA's compilation (10 s to a minute a child) on a GPU."""


class DeviceData(NamedTuple):
    """What a child is trained and validated on, as tensors on its device."""

    x_train: tf.Tensor
    y_train: tf.Tensor
    x_val: tf.Tensor
    y_val: tf.Tensor


def to_device(dataset: Dataset) -> DeviceData:
    """Put the training and validation parts on the device, once for all children."""
    return DeviceData(
        *map(tf.constant, (dataset.x_train, dataset.y_train, dataset.x_val, dataset.y_val))
    )


def train(
    weights: FlatWeights,
    data: DeviceData,
    trainer: TrainerSpec,
    seed: int,
    accumulate: int | None = None,
) -> History:
    """Train ``weights`` in place, with batches shuffled from ``seed``.

    Args:
        accumulate: parts to train a batch in, in place of the trainer's.

    Returns:
        Per-epoch loss and accuracy (means over the epoch's steps, while weights change), learning_rate (of
        the epoch's last step), val_loss and val_accuracy (NaN after epochs that are not validated).

    Raises:
        ChildFailure: a loss is no longer finite.
    """
    history: History = defaultdict(list)
    with lean_graphs():
        parts = accumulate or trainer.accumulate
        compiled = is_compiled(trainer, len(data.x_train))
        step = make_step(
            weights, data, make_optimizer(trainer), compiled, parts, _augment(trainer, data, seed)
        )
        # A step in parts is several calls, so that only one part is in memory at a time.
        steps = in_one_call(step) if parts == 1 else step_by_step(step)
        # What has no room for a batch in training may have none for a larger one in evaluation either.
        validate = make_evaluation(
            weights, data.x_val, data.y_val, max(1, EVALUATION_BATCH // parts)
        )
        for epoch, (batches, rates) in enumerate(_epochs(len(data.x_train), trainer, seed)):
            values = run_epoch(steps, batches, rates)
            loss, accuracy = validate() if trainer.is_validated(epoch) else (math.nan, math.nan)
            _check_finite(epoch, trainer, values["loss"], loss)
            for name, value in {**values, "val_loss": loss, "val_accuracy": accuracy}.items():
                history[name].append(value)
    return dict(history)


def _epochs(
    examples: int, trainer: TrainerSpec, seed: int
) -> Iterator[tuple[NDArray[np.int32], Rates]]:
    batches = epoch_batches(examples, trainer, seed)
    rates = learning_rates(trainer, batches.shape[1] * trainer.epochs)
    return zip(batches, rates.reshape(batches.shape[:2]), strict=True)


def _check_finite(epoch: int, trainer: TrainerSpec, loss: float, val_loss: float) -> None:
    if not math.isfinite(loss):
        raise ChildFailure(f"training diverged: loss is {loss} in epoch {epoch + 1}")
    if trainer.is_validated(epoch) and not math.isfinite(val_loss):
        raise ChildFailure(
            f"training diverged: validation loss is {val_loss} after epoch {epoch + 1}"
        )


def learning_rates(trainer: TrainerSpec, steps: int) -> Rates:
    """The learning rate of each of ``steps`` steps."""
    if trainer.schedule not in ("cosine", "constant") or trainer.warmup_epochs:
        return rates_by_step(trainer, steps // trainer.epochs)
    rates = np.full(steps, trainer.learning_rate)
    if (
        trainer.schedule == "cosine"
    ):  # worked out here: Keras's takes as long as 20 steps of a small child
        rates *= 0.5 * (1 + np.cos(np.pi * np.arange(steps) / steps))
    return rates.astype(np.float32)


def _augment(trainer: TrainerSpec, data: DeviceData, seed: int) -> Callable[[Any], Any] | None:
    if not trainer.augments:
        return None
    from pnas.children.augmentation import Augment

    return Augment(trainer, tuple(data.x_train.shape[1:]), derive_seed(seed, "augment"))


def epoch_batches(examples: int, trainer: TrainerSpec, seed: int) -> NDArray[np.int32]:
    """Indices of every batch of every epoch, (epochs, steps, batchsize), reshuffled each epoch from ``seed``.

    All batches have the same size, so that one graph serves them all; which examples an epoch leaves out
    because they fill no batch is left to the shuffle.
    """
    steps = examples // trainer.batchsize
    rng = np.random.default_rng(derive_seed(seed, "shuffle"))
    orders = np.stack([rng.permutation(examples) for _ in range(trainer.epochs)]).astype(np.int32)
    return orders[:, : steps * trainer.batchsize].reshape(trainer.epochs, steps, trainer.batchsize)


def is_compiled(trainer: TrainerSpec, examples: int) -> bool:
    """Whether XLA compiles the training step of a child."""
    if trainer.jit_compile != "auto":
        return trainer.jit_compile == "on"
    steps = trainer.epochs * (examples // trainer.batchsize)
    return steps >= COMPILED_STEPS and bool(tf.config.get_visible_devices("GPU"))


Step = Callable[[Any, Any], Any]


def make_step(
    weights: FlatWeights,
    data: DeviceData,
    optimizer: keras.optimizers.Optimizer,
    jit_compile: bool = False,
    parts: int = 1,
    augment: Callable[[Any], Any] | None = None,
) -> Step:
    """A traced ``step(indices, learning_rate) -> [mean loss, accuracy]`` of one batch.

    Args:
        parts: equal parts of the batch whose gradients are added up before the weights change. The step is that
            of the whole batch, but for batch normalization, which sees one part at a time.
        augment: changes images at random before they are trained on.
    """
    optimizer.build([weights.trainable])
    inner = getattr(optimizer, "inner_optimizer", optimizer)

    def gradient_of(indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x = tf.gather(data.x_train, indices)
        y = tf.gather(data.y_train, indices)
        x = x if augment is None else augment(x)
        with tf.GradientTape() as tape:
            logits, state = weights.call(x, training=True)
            loss = tf.reduce_mean(_losses(logits, y))
            scaled = optimizer.scale_loss(loss)
        gradient = tape.gradient(scaled, weights.trainable.value)
        weights.state.assign(state)
        return gradient, tf.stack([loss, tf.reduce_mean(_hits(logits, y))])

    def apply(gradient: tf.Tensor, learning_rate: tf.Tensor) -> None:
        inner.learning_rate.assign(learning_rate)
        optimizer.apply([gradient], [weights.trainable])

    return (
        _whole_step(gradient_of, apply, jit_compile)
        if parts == 1
        else _step_in_parts(gradient_of, apply, parts)
    )


def _whole_step(
    gradient_of: Callable[..., Any], apply: Callable[..., None], jit_compile: bool
) -> Step:
    @tf.function(autograph=False, jit_compile=jit_compile)
    def step(indices: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        gradient, values = gradient_of(indices)
        apply(gradient, learning_rate)
        return values

    return step


def _step_in_parts(gradient_of: Callable[..., Any], apply: Callable[..., None], parts: int) -> Step:
    # One call a part: inside one graph, nothing would keep the parts from being in memory at the same time.
    one_part = tf.function(gradient_of, autograph=False)
    finish = tf.function(apply, autograph=False)

    def step(indices: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        gradient = values = tf.zeros(())
        for part in tf.split(indices, parts):
            of_part = one_part(part)
            gradient = gradient + of_part[0]
            values = values + of_part[1]
        finish(gradient / parts, learning_rate)
        return values / parts

    return step


def in_one_call(step: Step) -> Step:
    """``step`` over several batches: indices (steps, batchsize) and rates (steps,) -> the sum of its results."""

    @tf.function(autograph=False)
    def steps(batches: tf.Tensor, rates: tf.Tensor) -> tf.Tensor:
        def body(i: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return i + 1, total + step(batches[i], rates[i])

        return tf.while_loop(
            lambda i, _: i < rates.shape[0], body, (0, tf.zeros(2)), parallel_iterations=1
        )[1]

    return steps


def step_by_step(step: Step) -> Step:
    """As `in_one_call`, for a ``step`` that must not become one graph."""
    return lambda batches, rates: tf.add_n(
        [step(batches[i], rates[i]) for i in range(rates.shape[0])]
    )


def run_epoch(steps: Step, batches: NDArray[np.int32], rates: Rates) -> dict[str, float]:
    """Run the steps of one epoch; fetch their losses once, at its end."""
    starts = range(0, len(rates), STEPS_A_CALL)
    parts = [slice(start, start + STEPS_A_CALL) for start in starts]
    sums = tf.stack([steps(tf.constant(batches[part]), tf.constant(rates[part])) for part in parts])
    loss, accuracy = sums.numpy().astype(np.float64).sum(axis=0) / len(rates)
    return {"loss": float(loss), "accuracy": float(accuracy), "learning_rate": float(rates[-1])}


def make_evaluation(
    weights: FlatWeights, x: tf.Tensor, y: tf.Tensor, batchsize: int = EVALUATION_BATCH
) -> Callable[[], tuple[float, float]]:
    """A function that measures the weights as they are when it is called: loss and accuracy on (x, y)."""
    batches = _evaluation_batches(len(y), batchsize)

    @tf.function(autograph=False)
    def totals(indices: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        logits, _ = weights.call(tf.gather(x, indices), training=False)
        y_true = tf.gather(y, indices)
        return tf.stack(
            [
                tf.reduce_sum(counts * values)
                for values in (_losses(logits, y_true), _hits(logits, y_true))
            ]
        )

    def evaluate() -> tuple[float, float]:
        sums = tf.add_n([totals(*batch) for batch in batches])
        loss, accuracy = sums.numpy().astype(np.float64) / len(y)
        return float(loss), float(accuracy)

    return evaluate


def _evaluation_batches(examples: int, batchsize: int) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """Indices of equally large batches, and 1 for those that count, 0 for what fills up the last one."""
    calls = -(-examples // batchsize)
    size = -(-examples // calls)
    indices = np.arange(calls * size, dtype=np.int32).reshape(calls, size)
    counts = (indices < examples).astype(np.float32)
    return [
        (tf.constant(i % examples), tf.constant(c)) for i, c in zip(indices, counts, strict=True)
    ]


def _losses(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def _hits(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.equal(tf.argmax(logits, -1, tf.int32), labels), tf.float32)
