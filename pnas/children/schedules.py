"""Learning rates by step, as Keras's schedules."""

from functools import lru_cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pnas.children.trainer_specs import FINAL_DECAY, TrainerSpec

Schedule = Any
"""A keras.optimizers.schedules.LearningRateSchedule."""


def make_schedule(trainer: TrainerSpec, steps_per_epoch: int) -> Schedule | float:
    """Return the learning rate as a function of the step, or as one number.

    Args:
        trainer: Its learning rate, schedule, decay and warm-up.
        steps_per_epoch: Steps of one epoch.
    """
    warmup_steps = round(trainer.warmup_epochs * steps_per_epoch)
    if trainer.schedule == "cosine":
        return _make_cosine(trainer, steps_per_epoch, warmup_steps)

    after_warmup = _make_decay(trainer, steps_per_epoch)
    schedule: Schedule | float = after_warmup
    if warmup_steps:
        schedule = _LinearWarmup(trainer.learning_rate, warmup_steps, after_warmup)
    if trainer.final_decay_epochs:
        decay_steps = trainer.final_decay_epochs * steps_per_epoch
        return _FinalDecay(schedule, trainer.epochs * steps_per_epoch, decay_steps)
    return schedule


@lru_cache(maxsize=8)
def rates_by_step(trainer: TrainerSpec, steps_per_epoch: int) -> NDArray[np.float32]:
    """Return the learning rates of all steps, (epochs * steps_per_epoch,)."""
    steps = trainer.epochs * steps_per_epoch
    schedule = make_schedule(trainer, steps_per_epoch)
    if isinstance(schedule, float):
        return np.full(steps, schedule, np.float32)

    @tf.function(autograph=False)
    def evaluate() -> Any:
        return tf.map_fn(schedule, tf.range(steps), fn_output_signature=tf.float32)

    return np.asarray(evaluate())


def _make_cosine(trainer: TrainerSpec, steps_per_epoch: int, warmup_steps: int) -> Schedule:
    decay_steps = max(1, trainer.epochs * steps_per_epoch - warmup_steps)
    cosine = keras.optimizers.schedules.CosineDecay
    if not warmup_steps:
        return cosine(trainer.learning_rate, decay_steps)
    return cosine(
        initial_learning_rate=0.0,
        decay_steps=decay_steps,
        warmup_target=trainer.learning_rate,
        warmup_steps=warmup_steps,
    )


def _make_decay(trainer: TrainerSpec, steps_per_epoch: int) -> Schedule | float:
    """Return the schedules other than the cosine, as they are after a warm-up."""
    if trainer.schedule in ("constant", FINAL_DECAY):
        return trainer.learning_rate
    return keras.optimizers.schedules.ExponentialDecay(
        trainer.learning_rate,
        decay_steps=max(1, round(trainer.decay_epochs * steps_per_epoch)),
        decay_rate=trainer.decay_rate,
        staircase=trainer.schedule == "step",
    )


def once_a_batch(schedule: Schedule | float, accumulate: int) -> Schedule | float:
    """Return ``schedule`` for an optimizer that counts the microbatches of a batch as steps.

    Args:
        schedule: Learning rate by batch.
        accumulate: Number of microbatches of a batch.
    """
    if accumulate == 1 or isinstance(schedule, float):
        return schedule
    return _OnceABatch(schedule, accumulate)


class _OnceABatch(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule, every step of which lasts for so many steps."""

    def __init__(self, schedule: Schedule, accumulate: int) -> None:
        self.schedule = schedule
        self.accumulate = accumulate

    def __call__(self, step: Any) -> Any:
        return self.schedule(keras.ops.floor_divide(step, self.accumulate))

    def get_config(self) -> dict[str, object]:
        return {"schedule": self.schedule, "accumulate": self.accumulate}


class _LinearWarmup(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly from 0 to ``rate``, then goes on with another schedule from its beginning.

    Keras has a warm-up for its cosine schedule only.
    """

    def __init__(self, rate: float, steps: int, after: Schedule | float) -> None:
        self.rate = rate
        self.steps = steps
        self.after = after

    def __call__(self, step: Any) -> Any:
        step = keras.ops.cast(step, "float32")
        step_after = step - self.steps
        after = self.after
        if not isinstance(after, float):
            after = after(keras.ops.maximum(step_after, 0.0))
        return keras.ops.where(step_after < 0, self.rate * step / self.steps, after)

    def get_config(self) -> dict[str, object]:
        return {"rate": self.rate, "steps": self.steps, "after": self.after}


class _FinalDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Follows another schedule, whose rate it lowers linearly to zero over the last steps.

    Before them it is the other schedule to the last bit, however long the training is.
    """

    def __init__(self, before: Schedule | float, steps: int, decay_steps: int) -> None:
        self.before = before
        self.steps = steps
        self.decay_steps = decay_steps

    def __call__(self, step: Any) -> Any:
        step = keras.ops.cast(step, "float32")
        before = self.before
        if not isinstance(before, float):
            before = before(step)
        left = (self.steps - step) / self.decay_steps
        return before * keras.ops.clip(left, 0.0, 1.0)

    def get_config(self) -> dict[str, object]:
        return {"before": self.before, "steps": self.steps, "decay_steps": self.decay_steps}
