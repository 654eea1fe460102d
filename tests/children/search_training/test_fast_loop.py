import math

import keras
import numpy as np
import pytest

from pnas.children import NetworkManager, NetworkSpec, TrainerSpec
from pnas.children.child_failure import ChildFailure
from pnas.children.search_training.fast_loop import (
    epoch_batches,
    in_one_call,
    is_compiled,
    learning_rates,
    make_evaluation,
    make_step,
    run_epoch,
    to_device,
    train,
)
from pnas.children.search_training.flat_weights import FlatWeights
from pnas.children.search_training.optimizers import make_optimizer
from pnas.data import Dataset
from pnas.state_space import Cell

CELL = Cell.parse("(-2, 3x3 dconv, -1, 3x3 maxpool)")
NETWORK = NetworkSpec(filters=2)


def manager(dataset: Dataset, **options: object) -> NetworkManager:
    trainer = TrainerSpec(**{"epochs": 5, "batchsize": 16, **options})  # type: ignore[arg-type]
    return NetworkManager(dataset, network=NETWORK, trainer=trainer)


class _Recorder(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.weights: list[np.ndarray] = []

    def on_train_batch_end(self, *_: object, **__: object) -> None:
        self.weights.append(
            np.concatenate([np.ravel(v.numpy()) for v in self.model.trainable_variables])
        )


def keras_optimizer(name: str, rate: object) -> keras.optimizers.Optimizer:
    return (
        keras.optimizers.Adam(rate) if name == "adam" else keras.optimizers.SGD(rate, momentum=0.9)
    )


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
def test_every_step_equals_plain_keras_fit(dataset: Dataset, optimizer: str) -> None:
    ours = manager(dataset, optimizer=optimizer)
    batches = epoch_batches(64, ours.trainer, seed=1).reshape(20, 16)
    model = ours.build(CELL, seed=1)
    weights = FlatWeights(model)
    step = make_step(weights, to_device(dataset), make_optimizer(ours.trainer))
    path = []
    for batch, rate in zip(batches, learning_rates(ours.trainer, 20), strict=True):
        step(keras.ops.array(batch), keras.ops.array(rate))
        path.append(weights.trainable.numpy())

    recorder = _Recorder()
    schedule = keras.optimizers.schedules.CosineDecay(ours.trainer.learning_rate, 20)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras_optimizer(optimizer, schedule), loss, metrics=["accuracy"])
    order = batches.ravel()
    model.fit(
        dataset.x_train[order],
        dataset.y_train[order],
        16,
        1,
        verbose=0,
        shuffle=False,
        callbacks=[recorder],
    )
    np.testing.assert_allclose(path, recorder.weights, atol=2e-4)
    val_loss, val_accuracy = make_evaluation(weights, *to_device(dataset)[2:])()
    expected = model.evaluate(dataset.x_val, dataset.y_val, verbose=0)
    np.testing.assert_allclose([val_loss, val_accuracy], expected, atol=1e-3)


def test_many_steps_in_a_call_are_those_steps_one_by_one(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pnas.children.search_training.fast_loop.STEPS_A_CALL", 3)
    ours = manager(dataset)
    batches = epoch_batches(64, ours.trainer, seed=1).reshape(20, 16)[:8]
    rates = learning_rates(ours.trainer, 8)
    data = to_device(dataset)
    apart = FlatWeights(ours.build(CELL, seed=1))
    together = FlatWeights(ours.build(CELL, seed=1))
    step = make_step(apart, data, make_optimizer(ours.trainer))
    pairs = zip(batches, rates, strict=True)
    expected = np.mean(
        [step(keras.ops.array(batch), keras.ops.array(rate)) for batch, rate in pairs], axis=0
    )
    values = run_epoch(
        in_one_call(make_step(together, data, make_optimizer(ours.trainer))), batches, rates
    )
    np.testing.assert_array_equal(together.trainable.numpy(), apart.trainable.numpy())
    np.testing.assert_allclose([values["loss"], values["accuracy"]], expected, rtol=1e-5)


def test_a_step_is_traced_once(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    call = FlatWeights.call

    def counted(self: FlatWeights, x: object, training: bool) -> object:
        calls.append(training)
        return call(self, x, training)

    monkeypatch.setattr(FlatWeights, "call", counted)
    assert manager(dataset).evaluate(CELL).error is None
    assert sorted(calls) == [False, True]


def test_only_long_trainings_on_a_gpu_are_compiled_by_themselves() -> None:
    assert is_compiled(TrainerSpec(jit_compile="on"), 64)
    assert not is_compiled(TrainerSpec(jit_compile="off", epochs=10**6), 64)
    assert not is_compiled(TrainerSpec(epochs=1), 64)


@pytest.mark.slow
def test_a_compiled_step_learns_the_same(dataset: Dataset) -> None:
    histories = []
    for jit_compile in ("on", "off"):
        ours = manager(dataset, jit_compile=jit_compile)
        histories.append(
            train(FlatWeights(ours.build(CELL, 0)), to_device(dataset), ours.trainer, seed=0)
        )
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=0.02)


def test_batches_cover_every_epoch_in_a_new_order() -> None:
    batches = epoch_batches(10, TrainerSpec(epochs=3, batchsize=4), seed=5)
    assert batches.shape == (3, 2, 4)
    assert all(len(set(epoch.ravel().tolist())) == 8 for epoch in batches)
    assert not np.array_equal(batches[0], batches[1])
    np.testing.assert_array_equal(
        batches, epoch_batches(10, TrainerSpec(epochs=3, batchsize=4), seed=5)
    )


def test_schedules() -> None:
    cosine = learning_rates(TrainerSpec(learning_rate=0.1), 100)
    np.testing.assert_allclose(
        [cosine[0], cosine[50], cosine[99]], [0.1, 0.05, 0.1 * 0.000247], rtol=1e-2
    )
    assert set(
        learning_rates(TrainerSpec(learning_rate=0.25, schedule="constant"), 7).tolist()
    ) == {0.25}


def test_history_has_a_value_an_epoch_and_nan_where_not_validated(dataset: Dataset) -> None:
    ours = manager(dataset, validate_every=2, learning_rate=0.02)
    history = train(FlatWeights(ours.build(CELL, 0)), to_device(dataset), ours.trainer, seed=0)
    assert {name: len(values) for name, values in history.items()} == dict.fromkeys(
        ("loss", "accuracy", "learning_rate", "val_loss", "val_accuracy"), 5
    )
    assert [math.isnan(value) for value in history["val_loss"]] == [True, False, True, False, False]
    assert history["loss"][-1] < history["loss"][0]


def test_divergence_is_a_failure_with_a_reason(dataset: Dataset) -> None:
    ours = manager(dataset, learning_rate=1e30, optimizer="momentum", schedule="constant")
    with pytest.raises(ChildFailure, match="diverged"):
        train(FlatWeights(ours.build(CELL, 0)), to_device(dataset), ours.trainer, seed=0)


def without_batch_statistics(dataset: Dataset) -> keras.Model:
    """A network in which an example's output does not depend on the others of its batch."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    frozen = layers.BatchNormalization(trainable=False)
    image = layers.Input(dataset.image_shape)
    features = layers.GlobalAveragePooling2D()(
        frozen(layers.Conv2D(8, 3, activation="relu")(image))
    )
    return keras.Model(image, layers.Dense(dataset.num_classes)(features))


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
@pytest.mark.parametrize("parts", [2, 4])
def test_a_batch_in_parts_gives_the_weights_of_the_whole(
    dataset: Dataset, optimizer: str, parts: int
) -> None:
    trainer = TrainerSpec(epochs=4, batchsize=16, optimizer=optimizer)
    whole, split = (FlatWeights(without_batch_statistics(dataset)) for _ in range(2))
    one = train(whole, to_device(dataset), trainer, seed=3)
    other = train(split, to_device(dataset), trainer, seed=3, accumulate=parts)
    # Adam divides by the size of gradients that may be nearly 0: the last digits of those grow.
    np.testing.assert_allclose(split.trainable.numpy(), whole.trainable.numpy(), atol=1e-4)
    np.testing.assert_allclose(other["loss"], one["loss"], rtol=1e-4)
    np.testing.assert_allclose(other["val_loss"], one["val_loss"], rtol=1e-4)


def test_with_batch_normalization_parts_differ_a_little_and_learn(dataset: Dataset) -> None:
    ours = manager(dataset, learning_rate=0.02)
    history = train(
        FlatWeights(ours.build(CELL, 0)), to_device(dataset), ours.trainer, seed=0, accumulate=2
    )
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_mixed_precision_learns(dataset: Dataset, precision: str) -> None:
    ours = manager(dataset, mixed_precision=precision, learning_rate=0.02)
    history = train(FlatWeights(ours.build(CELL, 0)), to_device(dataset), ours.trainer, seed=0)
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["nesterov", "sgd", "adamw", "rmsprop", "nadam", "lion"])
def test_any_keras_optimizer_trains(dataset: Dataset, optimizer: str) -> None:
    ours = manager(dataset, optimizer=optimizer)
    history = train(FlatWeights(ours.build(CELL, 0)), to_device(dataset), ours.trainer, seed=0)
    assert history["loss"][-1] < history["loss"][0]
