"""Optimizers by the names of ``trainer.optimizer``."""

import keras

from pnas.children.trainer_specs import TrainerSpec

MOMENTUM = 0.9
"""Momentum of ``momentum`` and ``nesterov``, as in NASNet (Zoph et al. 2018, appendix A.7)."""


def make_optimizer(trainer: TrainerSpec) -> keras.optimizers.Optimizer:
    """Return a new optimizer with the settings of ``trainer``; it scales losses for float16."""
    optimizer = _by_name(trainer.optimizer)
    optimizer.learning_rate = trainer.learning_rate
    optimizer.global_clipnorm = trainer.clip_norm or None
    if trainer.mixed_precision == "float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def _by_name(name: str) -> keras.optimizers.Optimizer:
    if name in ("momentum", "nesterov"):
        return keras.optimizers.SGD(momentum=MOMENTUM, nesterov=name == "nesterov")
    return keras.optimizers.get(name)
