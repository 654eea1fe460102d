"""The model of a final training: its loss by hand, and where drop-path is."""

import keras
import numpy as np
import pytest

from pnas.children import FinalTrainerSpec, PNASNetworkSpec
from pnas.children.final_training.balanced_accuracy import BalancedAccuracy
from pnas.children.final_training.keras_optimizer import final_optimizer
from pnas.children.final_training.regularized_layers import DropPath
from pnas.children.final_training.training_model import FinalModel, ModelSpec, build_final
from pnas.state_space import Cell

CELL = Cell.parse("(-1, 3x3 conv, -1, 3x3 maxpool)")
NETWORK = PNASNetworkSpec(filters=2)


def built(trainer: FinalTrainerSpec, side: int, cell: Cell = CELL) -> FinalModel:
    """Return the model of ``cell`` for square images with one channel and three classes."""
    spec = ModelSpec(cell, NETWORK, (side, side, 1), num_classes=3)
    return build_final(spec, trainer, final_optimizer(trainer, 4), total_steps=100, seed=0)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(-1, keepdims=True)
    return float(-(labels * np.log(probabilities)).sum(-1).mean())


def test_loss_of_a_training_step_by_hand() -> None:
    trainer = FinalTrainerSpec(
        weight_decay=0.1, label_smoothing=0.3, aux_weight=0.4, optimizer="sgd"
    )
    model = built(trainer, side=16)
    labels = np.eye(3, dtype=np.float32)[[0, 2]]
    logits = np.array([[1.0, 2, 3], [0, 0, 1]])
    aux_logits = np.array([[0.0, 1, 0], [2, 0, 0]])
    outputs = {"logits": logits, "aux_logits": aux_logits}

    smoothed = 0.7 * labels + 0.1
    decay = 0.0
    for weight in model.trainable_variables:
        if "kernel" in weight.name:
            decay += 0.1 / 2 * float(np.square(weight.numpy()).sum())
    expected = cross_entropy(logits, smoothed) + 0.4 * cross_entropy(aux_logits, smoothed) + decay
    assert float(model.compute_loss(y=labels, y_pred=outputs)) == pytest.approx(expected, rel=1e-4)


def test_loss_of_an_evaluation_is_the_cross_entropy_alone() -> None:
    trainer = FinalTrainerSpec(weight_decay=0.1, label_smoothing=0.3, aux_weight=0.4)
    model = built(trainer, side=16)
    labels = np.eye(3, dtype=np.float32)[[0, 2]]
    logits = np.array([[1.0, 2, 3], [0, 0, 1]])
    outputs = {"logits": logits, "aux_logits": np.zeros((2, 3))}

    loss = float(model.compute_loss(y=labels, y_pred=outputs, training=False))
    assert loss == pytest.approx(cross_entropy(logits, labels), rel=1e-5)


@pytest.mark.parametrize(("fraction_done", "keep"), [(0.0, 1.0), (0.5, 0.8), (1.0, 0.6)])
def test_drop_path_grows_with_time_and_keeps_the_mean(fraction_done: float, keep: float) -> None:
    ones = np.ones((4000, 2, 2, 1), np.float32)
    layer = DropPath(0.4, lambda: fraction_done, seed=1)
    result = np.asarray(layer(ones, training=True))

    share_kept = np.mean(result[:, 0, 0, 0] > 0)
    assert share_kept == pytest.approx(keep, abs=0.03)
    assert result.max() == pytest.approx(1 / keep)
    # An example is kept or dropped as a whole.
    assert (result == result[:, :1, :1]).all()


def test_nothing_is_dropped_outside_of_training() -> None:
    ones = np.ones((4000, 2, 2, 1), np.float32)
    layer = DropPath(0.4, lambda: 1.0, seed=1)
    np.testing.assert_array_equal(np.asarray(layer(ones)), ones)


def drop_probabilities(model: keras.Model) -> list[float]:
    return [layer.drop for layer in model.layers if isinstance(layer, DropPath)]


def test_drop_path_grows_with_depth() -> None:
    model = built(FinalTrainerSpec(drop_path_keep=0.4), side=8)
    # Three cells with two operators each.
    assert drop_probabilities(model) == pytest.approx([0.2, 0.2, 0.4, 0.4, 0.6, 0.6])


def test_identities_are_not_dropped() -> None:
    identities = Cell.parse("(-1, identity, -2, identity)")
    model = built(FinalTrainerSpec(drop_path_keep=0.4), side=8, cell=identities)
    assert drop_probabilities(model) == []


def test_an_example_has_the_weight_of_its_class() -> None:
    trainer = FinalTrainerSpec(optimizer="sgd")
    model = built(trainer, side=8)
    model.class_weights = np.array([2.0, 5.0, 0.5], np.float32)
    mixed_labels = np.array([[1, 0, 0], [0, 0.4, 0.6]], np.float32)
    logits = np.array([[1.0, 2, 3], [0, 0, 1]])
    loss = model.compute_loss(y=mixed_labels, y_pred={"logits": logits}, training=True)

    first = cross_entropy(logits[:1], mixed_labels[:1])
    second = cross_entropy(logits[1:], mixed_labels[1:])
    weight_of_second = 0.4 * 5 + 0.6 * 0.5
    assert float(loss) == pytest.approx((2 * first + weight_of_second * second) / 2, rel=1e-5)


def test_the_balanced_accuracy_of_batches_is_that_of_all_examples() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    predicted = np.array([0, 0, 0, 1, 1, 2])
    metric = BalancedAccuracy(num_classes=3)
    for rows in (slice(0, 4), slice(4, 6)):
        metric.update_state(np.eye(3)[labels[rows]], np.eye(3)[predicted[rows]])
    assert float(metric.result()) == pytest.approx((3 / 4 + 1 / 2) / 2)
