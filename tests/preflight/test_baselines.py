"""Baselines: sizes by hand, and accuracies that a search has to beat."""

import numpy as np
import pytest

from pnas.data import Dataset, load_dataset
from pnas.preflight.baselines import (
    cnn_width,
    count_cnn_params,
    logistic_regression,
    make_cnn,
    train_cnn,
)


@pytest.mark.parametrize("width", [2, 7])
def test_counted_parameters_are_those_of_the_network(width: int) -> None:
    model = make_cnn(width, (8, 8, 3), num_classes=4)
    trainable = sum(
        int(variable.value.shape.num_elements()) for variable in model.trainable_weights
    )
    assert count_cnn_params(width, channels=3, num_classes=4) == trainable


def test_the_width_comes_nearest_to_the_wanted_size() -> None:
    wanted = 20_000
    width = cnn_width(wanted, channels=1, num_classes=10)
    own = abs(count_cnn_params(width, 1, 10) - wanted)
    assert own <= abs(count_cnn_params(width - 1, 1, 10) - wanted)
    assert own <= abs(count_cnn_params(width + 1, 1, 10) - wanted)


def test_logistic_regression_on_digits() -> None:
    dataset = load_dataset("digits")
    found = logistic_regression(dataset)
    assert found.params == 64 * 10 + 10
    assert 0.85 < found.validation < 0.97
    assert found.test is None
    assert logistic_regression(dataset, reads_test=True).test is not None


def test_the_plain_cnn_learns_digits() -> None:
    found = train_cnn(
        load_dataset("digits"), 20_000, epochs=10, batchsize=64, learning_rate=0.01, seed=0
    )
    assert found.validation > 0.7
    assert "plain CNN" in found.name


def one_in_five() -> Dataset:
    """Two classes that overlap, of which the second has a fifth of the examples.

    An image is one pixel. Its best threshold for plain accuracy misses most of the second class.
    """
    generator = np.random.default_rng(0)
    labels = np.tile(np.array([0, 0, 0, 0, 1], np.int32), 200)
    images = generator.normal(labels, 1.0).astype(np.float32).reshape(-1, 1, 1, 1)
    half = len(labels) // 2
    return Dataset(
        name="made",
        x_train=images[:half],
        y_train=labels[:half],
        x_val=images[half:],
        y_val=labels[half:],
        x_test=images[half:],
        y_test=labels[half:],
        num_classes=2,
    )


def test_logistic_regression_is_judged_by_the_metric_of_the_reward() -> None:
    dataset = one_in_five()
    plain = logistic_regression(dataset, reads_test=True)
    balanced = logistic_regression(dataset, "balanced_accuracy", reads_test=True)
    weighted = logistic_regression(dataset, "balanced_accuracy", "balanced")

    assert plain.validation > 0.78
    assert 0.5 <= balanced.validation < 0.65
    # With equal weights of classes the threshold is in the middle: Phi(1/2) is .69.
    assert weighted.validation == pytest.approx(0.69, abs=0.05)
    for baseline in (plain, balanced):
        assert baseline.test == baseline.validation


@pytest.mark.slow
def test_the_plain_cnn_is_judged_by_the_metric_of_the_reward() -> None:
    found = {}
    for weights in ("none", "balanced"):
        found[weights] = train_cnn(
            one_in_five(),
            300,
            epochs=10,
            batchsize=50,
            learning_rate=0.01,
            seed=0,
            metric="balanced_accuracy",
            class_weights=weights,
        ).validation
    assert 0.5 <= found["none"] < 0.65
    assert found["balanced"] > 0.65
