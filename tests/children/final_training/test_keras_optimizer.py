"""Keras's optimizers have what a trainer asks for."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

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
    assert inner.ema_momentum == pytest.approx(0.99**0.5)
    assert inner.gradient_accumulation_steps == 2


def test_adamw_has_the_trainer_s_weight_decay_not_keras_s() -> None:
    trainer = FinalTrainerSpec(optimizer="adamw", weight_decay=0.0)
    assert final_optimizer(trainer, 4).weight_decay == 0.0


def updated(trainer: FinalTrainerSpec, updates: int) -> tuple[keras.Optimizer, list[float]]:
    """Return the optimizer after so many batches, and the weight after each of them."""
    optimizer = final_optimizer(trainer, steps_per_epoch=1)
    weight = keras.Variable(np.zeros(1, "float32"))
    optimizer.build([weight])

    # One graph, as in `fit`: the operations of an update, run one by one, take five times as long.
    @tf.function(autograph=False)
    def apply() -> None:
        optimizer.apply([tf.fill([1], -1.0)], [weight])

    weights = []
    for _ in range(updates):
        for _ in range(trainer.accumulate):
            apply()
        weights.append(float(weight.numpy()[0]))
    return optimizer, weights


@pytest.mark.parametrize("schedule", ["cosine", "step", "exponential", "wsd", "constant"])
def test_microbatches_leave_the_learning_rate_of_each_batch_as_it_is(schedule: str) -> None:
    trainer = FinalTrainerSpec(
        epochs=10, optimizer="sgd", schedule=schedule, warmup_epochs=3.0, decay_epochs=2.0
    )
    _, whole = updated(trainer, 10)
    _, parts = updated(replace(trainer, accumulate=4), 10)
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("accumulate", [1, 2, 4, 8])
def test_the_average_of_weights_lags_as_far_behind_with_microbatches(accumulate: int) -> None:
    trainer = FinalTrainerSpec(
        optimizer="sgd", schedule="constant", learning_rate=0.1, ema=0.9, accumulate=accumulate
    )
    optimizer, weights = updated(trainer, 100)
    average = float(optimizer._model_variables_moving_average[0].numpy()[0])
    lag = (weights[-1] - average) / 0.1
    # Of weights that rise steadily an average of this momentum is 9 steps behind; within a batch
    # the average goes on while the weights wait.
    assert lag == pytest.approx(9.0, abs=1.0)
