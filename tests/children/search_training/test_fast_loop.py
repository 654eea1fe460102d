"""The fast loop trains as Keras's ``fit`` does, step by step, and fails where it must."""

import math

import keras
import numpy as np
import pytest

from pnas.children import NetworkManager, PNASNetworkSpec, SearchTrainerSpec
from pnas.children.child_failure import ChildFailure
from pnas.children.child_trainer import reward_of
from pnas.children.class_balance import balanced_weights
from pnas.children.search_training.epoch_batches import epoch_batches, learning_rates
from pnas.children.search_training.evaluation import make_evaluation
from pnas.children.search_training.fast_loop import History, run_epoch, train
from pnas.children.search_training.flat_weights import FlatWeights
from pnas.children.search_training.optimizers import make_optimizer
from pnas.children.search_training.traced_child import TracedChild, is_compiled
from pnas.children.search_training.training_step import in_one_call, make_step, to_device
from pnas.data import Dataset
from pnas.state_space import Cell

CELL = Cell.parse("(-2, 3x3 dconv, -1, 3x3 maxpool)")
NETWORK = PNASNetworkSpec(filters=2)
STEPS = 20
"""Steps of 5 epochs of 64 examples in batches of 16."""


def manager(dataset: Dataset, **options: object) -> NetworkManager:
    settings = {"epochs": 5, "batchsize": 16, **options}
    trainer = SearchTrainerSpec(**settings)  # type: ignore[arg-type]
    return NetworkManager(dataset, network=NETWORK, trainer=trainer)


def trained(dataset: Dataset, **options: object) -> History:
    """Return the history of a child whose training has these options."""
    ours = manager(dataset, **options)
    child = TracedChild(ours.build(CELL, seed=0), to_device(dataset), ours.trainer, seed=0)
    return train(child, ours.trainer, seed=0)


class WeightRecorder(keras.callbacks.Callback):
    """Keeps the trainable weights after every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: list[np.ndarray] = []

    def on_train_batch_end(self, *_: object, **__: object) -> None:
        arrays = [np.ravel(variable.numpy()) for variable in self.model.trainable_variables]
        self.weights.append(np.concatenate(arrays))


def keras_optimizer(
    name: str, learning_rate: object, model: keras.Model
) -> keras.optimizers.Optimizer:
    """Return an optimizer that has its variables; made in the first step, they trace it twice."""
    optimizer: keras.optimizers.Optimizer = keras.optimizers.SGD(learning_rate, momentum=0.9)
    if name == "adam":
        optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(model.trainable_variables)
    return optimizer


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
def test_every_step_equals_plain_keras_fit(dataset: Dataset, optimizer: str) -> None:
    ours = manager(dataset, optimizer=optimizer)
    batches = epoch_batches(64, ours.trainer, seed=1).reshape(STEPS, 16)
    model = ours.build(CELL, seed=1)

    weights = FlatWeights(model)
    step = make_step(weights, to_device(dataset), make_optimizer(ours.trainer))
    weights_by_step = []
    for batch, rate in zip(batches, learning_rates(ours.trainer, STEPS), strict=True):
        step(keras.ops.array(batch), keras.ops.array(rate))
        weights_by_step.append(weights.trainable.numpy())

    recorder = WeightRecorder()
    schedule = keras.optimizers.schedules.CosineDecay(ours.trainer.learning_rate, STEPS)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras_optimizer(optimizer, schedule, model), loss, metrics=["accuracy"])
    order = batches.ravel()
    model.fit(
        dataset.x_train[order],
        dataset.y_train[order],
        batch_size=16,
        epochs=1,
        verbose=0,
        shuffle=False,
        callbacks=[recorder],
    )
    np.testing.assert_allclose(weights_by_step, recorder.weights, atol=2e-4)

    data = to_device(dataset)
    evaluate = make_evaluation(weights, data.x_val, data.y_val)
    expected = model.evaluate(dataset.x_val, dataset.y_val, verbose=0)
    np.testing.assert_allclose(evaluate()[:2], expected, atol=1e-3)


def test_many_steps_in_a_call_are_those_steps_one_by_one(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pnas.children.search_training.fast_loop.STEPS_PER_CALL", 3)
    ours = manager(dataset)
    batches = epoch_batches(64, ours.trainer, seed=1).reshape(STEPS, 16)[:8]
    rates = learning_rates(ours.trainer, 8)
    data = to_device(dataset)

    single = FlatWeights(ours.build(CELL, seed=1))
    step = make_step(single, data, make_optimizer(ours.trainer))
    metrics = []
    for batch, rate in zip(batches, rates, strict=True):
        metrics.append(step(keras.ops.array(batch), keras.ops.array(rate)))

    together = FlatWeights(ours.build(CELL, seed=1))
    steps = in_one_call(make_step(together, data, make_optimizer(ours.trainer)))
    values = run_epoch(steps, batches, rates)

    np.testing.assert_array_equal(together.trainable.numpy(), single.trainable.numpy())
    expected = np.mean(metrics, axis=0)
    np.testing.assert_allclose([values["loss"], values["accuracy"]], expected, rtol=1e-5)


def test_a_step_is_traced_once(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    traced: list[bool] = []
    original = FlatWeights.call

    def count_call(self: FlatWeights, x: object, training: bool) -> object:
        traced.append(training)
        return original(self, x, training)

    monkeypatch.setattr(FlatWeights, "call", count_call)
    assert manager(dataset).evaluate(CELL).error is None
    # Once for validation and once for training.
    assert sorted(traced) == [False, True]


@pytest.mark.parametrize(
    ("trainer", "expected"),
    [
        (SearchTrainerSpec(jit_compile="on"), True),
        (SearchTrainerSpec(jit_compile="off", epochs=10**6), False),
        (SearchTrainerSpec(epochs=1), False),
    ],
)
def test_only_long_trainings_on_a_gpu_are_compiled_by_default(
    trainer: SearchTrainerSpec, expected: bool
) -> None:
    assert is_compiled(trainer, 64) == expected


@pytest.mark.slow
def test_a_compiled_step_learns_the_same(dataset: Dataset) -> None:
    compiled = trained(dataset, jit_compile="on")
    plain = trained(dataset, jit_compile="off")
    np.testing.assert_allclose(compiled["loss"], plain["loss"], rtol=0.02)


def test_history_has_a_value_an_epoch_and_nan_where_not_validated(dataset: Dataset) -> None:
    history = trained(dataset, validate_every=2, learning_rate=0.02)
    names = {"loss", "accuracy", "learning_rate", "val_loss", "val_accuracy"}
    assert set(history) == names
    for values in history.values():
        assert len(values) == 5

    is_missing = [math.isnan(value) for value in history["val_loss"]]
    assert is_missing == [True, False, True, False, False]
    assert history["loss"][-1] < history["loss"][0]


def test_divergence_is_a_failure_with_a_reason(dataset: Dataset) -> None:
    with pytest.raises(ChildFailure, match="diverged"):
        trained(dataset, learning_rate=1e30, optimizer="momentum", schedule="constant")


def model_without_batch_statistics(dataset: Dataset) -> keras.Model:
    """Return a network whose output for an example does not depend on the rest of its batch."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = layers.Input(dataset.image_shape)
    convolved = layers.Conv2D(8, 3, activation="relu")(image)
    normalized = layers.BatchNormalization(trainable=False)(convolved)
    features = layers.GlobalAveragePooling2D()(normalized)
    return keras.Model(image, layers.Dense(dataset.num_classes)(features))


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
@pytest.mark.parametrize("microbatches", [2, 4])
def test_a_batch_in_microbatches_gives_the_weights_of_the_whole(
    dataset: Dataset, optimizer: str, microbatches: int
) -> None:
    trainer = SearchTrainerSpec(epochs=4, batchsize=16, optimizer=optimizer)
    data = to_device(dataset)
    whole = TracedChild(model_without_batch_statistics(dataset), data, trainer, seed=3)
    model = model_without_batch_statistics(dataset)
    split = TracedChild(model, data, trainer, seed=3, microbatches=microbatches)

    expected = train(whole, trainer, seed=3)
    history = train(split, trainer, seed=3)
    # Adam divides by the size of gradients that may be nearly 0: the last digits of those grow.
    weights = split.weights.trainable.numpy()
    np.testing.assert_allclose(weights, whole.weights.trainable.numpy(), atol=1e-4)
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-4)
    np.testing.assert_allclose(history["val_loss"], expected["val_loss"], rtol=1e-4)


def test_with_batch_normalization_microbatches_learn_too(dataset: Dataset) -> None:
    ours = manager(dataset, learning_rate=0.02)
    model = ours.build(CELL, seed=0)
    child = TracedChild(model, to_device(dataset), ours.trainer, seed=0, microbatches=2)
    history = train(child, ours.trainer, seed=0)
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_mixed_precision_learns(dataset: Dataset, precision: str) -> None:
    history = trained(dataset, mixed_precision=precision, learning_rate=0.02)
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["nesterov", "sgd", "adamw", "rmsprop", "nadam", "lion"])
def test_any_keras_optimizer_trains(dataset: Dataset, optimizer: str) -> None:
    history = trained(dataset, optimizer=optimizer)
    assert history["loss"][-1] < history["loss"][0]


def test_class_weights_are_those_of_plain_keras(dataset: Dataset) -> None:
    ours = manager(dataset, optimizer="momentum", class_weights="balanced")
    batch = epoch_batches(64, ours.trainer, seed=1)[0, 0]
    by_class = balanced_weights(dataset.y_train, dataset.num_classes) * [1.0, 3.0, 0.5]
    model = ours.build(CELL, seed=1)
    weights = FlatWeights(model)
    step = make_step(
        weights,
        to_device(dataset),
        make_optimizer(ours.trainer),
        class_weights=keras.ops.array(by_class, "float32"),
    )
    step(keras.ops.array(batch), keras.ops.array(ours.trainer.learning_rate))

    recorder = WeightRecorder()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras_optimizer("momentum", ours.trainer.learning_rate, model), loss)
    model.fit(
        dataset.x_train[batch],
        dataset.y_train[batch],
        batch_size=16,
        verbose=0,
        class_weight=dict(enumerate(by_class)),
        callbacks=[recorder],
    )
    np.testing.assert_allclose(weights.trainable.numpy(), recorder.weights[0], atol=2e-4)


def test_the_reward_is_the_metric_that_was_asked_for(dataset: Dataset) -> None:
    options = {"class_weights": "balanced", "reward_metric": "balanced_accuracy"}
    ours = manager(dataset, **options)
    history = trained(dataset, **options)
    rewards = history["val_balanced_accuracy"]
    assert reward_of(history, ours.trainer) == rewards[-1]
    assert rewards != history["val_accuracy"]
    assert "val_balanced_accuracy" not in trained(dataset)
