"""Keras's optimizers as a recipe sets them."""

from typing import Any

import keras

from pnas.children.schedules import make_schedule
from pnas.children.search_training.optimizers import MOMENTUM
from pnas.children.spec import TrainerSpec

_NOT_DECAYED = ["gamma", "beta", "bias"]


def final_optimizer(trainer: TrainerSpec, epoch_steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of ``trainer``, new.

    Args:
        trainer: its optimizer, schedule, clipping, averaging, accumulation and loss scaling.
        epoch_steps: calls of the optimizer in one epoch, each part of a batch being one.
    """
    options: dict[str, Any] = {"learning_rate": make_schedule(trainer, epoch_steps)}
    if trainer.clip_norm:
        options["global_clipnorm"] = trainer.clip_norm
    if trainer.ema:
        options |= {"use_ema": True, "ema_momentum": trainer.ema}
    if trainer.accumulate > 1:
        options["gradient_accumulation_steps"] = trainer.accumulate
    optimizer = _named(trainer, options)
    return (
        keras.optimizers.LossScaleOptimizer(optimizer)
        if trainer.mixed_precision == "float16"
        else optimizer
    )


def _named(trainer: TrainerSpec, options: dict[str, Any]) -> keras.optimizers.Optimizer:
    name = trainer.optimizer
    if name in ("momentum", "nesterov"):
        return keras.optimizers.SGD(momentum=MOMENTUM, nesterov=name == "nesterov", **options)
    if name == "adamw":
        # Always a number: Keras's own default is not 0.
        optimizer = keras.optimizers.AdamW(weight_decay=trainer.weight_decay, **options)
        optimizer.exclude_from_weight_decay(var_names=_NOT_DECAYED)
        return optimizer
    return type(keras.optimizers.get(name))(**options)
