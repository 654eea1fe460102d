"""Optimizers by the names of ``trainer.optimizer``."""

import keras

from pnas.children.spec import TrainerSpec

MOMENTUM = 0.9
"""Of ``momentum`` and ``nesterov``: the NASNet recipe's."""


def make_optimizer(trainer: TrainerSpec) -> keras.optimizers.Optimizer:
    """The optimizer of ``trainer``, new; it scales losses where float16 needs it."""
    optimizer = _by_name(trainer.optimizer)
    optimizer.learning_rate = trainer.learning_rate
    optimizer.global_clipnorm = trainer.clip_norm or None
    return (
        keras.optimizers.LossScaleOptimizer(optimizer)
        if trainer.mixed_precision == "float16"
        else optimizer
    )


def _by_name(name: str) -> keras.optimizers.Optimizer:
    if name in ("momentum", "nesterov"):
        return keras.optimizers.SGD(momentum=MOMENTUM, nesterov=name == "nesterov")
    return keras.optimizers.get(name)
