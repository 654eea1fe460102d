"""Baselines: sizes by hand, and accuracies that a search has to beat."""

import pytest

from pnas.data import load_dataset
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
