"""Keras's optimizers have what a trainer asks for."""

import keras

from pnas.children import FinalTrainerSpec
from pnas.children.final_training.keras_optimizer import final_optimizer


def test_a_scaled_optimizer_with_momentum_average_and_accumulation() -> None:
    trainer = FinalTrainerSpec(
        clip_norm=5.0, ema=0.99, accumulate=2, optimizer="nesterov", mixed_precision="float16"
    )
    scaled = final_optimizer(trainer, 4)
    assert isinstance(scaled, keras.optimizers.LossScaleOptimizer)

    inner = scaled.inner_optimizer
    assert inner.momentum == 0.9
    assert inner.nesterov
    assert inner.global_clipnorm == 5.0
    assert inner.use_ema
    assert inner.ema_momentum == 0.99
    assert inner.gradient_accumulation_steps == 2


def test_adamw_has_the_trainer_s_weight_decay_not_keras_s() -> None:
    trainer = FinalTrainerSpec(optimizer="adamw", weight_decay=0.0)
    assert final_optimizer(trainer, 4).weight_decay == 0.0
