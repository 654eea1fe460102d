"""Keras's optimizers with the settings of a final training."""

from typing import Any

import keras

from pnas.children.schedules import make_schedule, once_a_batch
from pnas.children.search_training.optimizers import MOMENTUM
from pnas.children.trainer_specs import FinalTrainerSpec

_WITHOUT_WEIGHT_DECAY = ["gamma", "beta", "bias"]


def final_optimizer(trainer: FinalTrainerSpec, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Return a new optimizer with the settings of ``trainer``.

    Args:
        trainer: Its optimizer, schedule, gradient clipping, moving average of weights, gradient
            accumulation and mixed precision.
        steps_per_epoch: Batches of one epoch.
    """
    # Keras counts microbatches in both, the schedule and the moving average.
    schedule = once_a_batch(make_schedule(trainer, steps_per_epoch), trainer.accumulate)
    options: dict[str, Any] = {"learning_rate": schedule}
    if trainer.clip_norm:
        options["global_clipnorm"] = trainer.clip_norm
    if trainer.ema:
        options["use_ema"] = True
        options["ema_momentum"] = trainer.ema ** (1 / trainer.accumulate)
    if trainer.accumulate > 1:
        options["gradient_accumulation_steps"] = trainer.accumulate

    optimizer = _by_name(trainer, options)
    if trainer.mixed_precision == "float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def _by_name(trainer: FinalTrainerSpec, options: dict[str, Any]) -> keras.optimizers.Optimizer:
    name = trainer.optimizer
    if name in ("momentum", "nesterov"):
        return keras.optimizers.SGD(momentum=MOMENTUM, nesterov=name == "nesterov", **options)
    if name == "adamw":
        # Given in any case, because Keras's default is not 0.
        optimizer = keras.optimizers.AdamW(weight_decay=trainer.weight_decay, **options)
        optimizer.exclude_from_weight_decay(var_names=_WITHOUT_WEIGHT_DECAY)
        return optimizer
    optimizer_class = type(keras.optimizers.get(name))
    return optimizer_class(**options)
