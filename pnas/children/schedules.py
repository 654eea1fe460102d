"""Learning rates by step, as Keras's schedules."""

from functools import lru_cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pnas.children.spec import TrainerSpec

Schedule = Any  # keras.optimizers.schedules.LearningRateSchedule


def make_schedule(trainer: TrainerSpec, epoch_steps: int) -> Schedule | float:
    """The learning rate by step, for epochs of ``epoch_steps`` steps."""
    warmup = round(trainer.warmup_epochs * epoch_steps)
    rate = trainer.learning_rate
    steps = max(1, trainer.epochs * epoch_steps - warmup)
    schedules = keras.optimizers.schedules
    if trainer.schedule == "cosine":
        rise = (
            {"initial_learning_rate": 0.0, "warmup_target": rate, "warmup_steps": warmup}
            if warmup
            else {}
        )
        return schedules.CosineDecay(
            **{"initial_learning_rate": rate, "decay_steps": steps, **rise}
        )
    decay = max(1, round(trainer.decay_epochs * epoch_steps))
    after: Schedule | float = rate
    if trainer.schedule != "constant":
        after = schedules.ExponentialDecay(
            rate, decay, trainer.decay_rate, staircase=trainer.schedule == "step"
        )
    return _Rising(rate, warmup, after) if warmup else after


@lru_cache(maxsize=8)
def rates_by_step(trainer: TrainerSpec, epoch_steps: int) -> NDArray[np.float32]:
    """The learning rates of all steps, (epochs * epoch_steps,)."""
    steps = trainer.epochs * epoch_steps
    schedule = make_schedule(trainer, epoch_steps)
    if isinstance(schedule, float):
        return np.full(steps, schedule, np.float32)
    trace = tf.function(
        lambda: tf.map_fn(schedule, tf.range(steps), fn_output_signature=tf.float32),
        autograph=False,
    )
    return np.asarray(trace())


class _Rising(keras.optimizers.schedules.LearningRateSchedule):
    """From 0 to ``rate`` in ``steps`` steps, then ``after`` from its beginning. Keras has it for the cosine only."""

    def __init__(self, rate: float, steps: int, after: Schedule | float) -> None:
        self.rate = rate
        self.steps = steps
        self.after = after

    def __call__(self, step: Any) -> Any:
        step = keras.ops.cast(step, "float32")
        later = step - self.steps
        after = (
            self.after
            if isinstance(self.after, float)
            else self.after(keras.ops.maximum(later, 0.0))
        )
        return keras.ops.where(later < 0, self.rate * step / self.steps, after)

    def get_config(self) -> dict[str, object]:
        return {"rate": self.rate, "steps": self.steps, "after": self.after}
