"""What one would try without a search: logistic regression on pixels, and a plain CNN."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.children.class_balance import balanced_weights, measured_metric
from pnas.data import Dataset

STAGES = 3
CONVOLUTIONS = 2  # of each stage
_WIDEST = 400  # filters of the first stage
_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)  # inverse strengths of the L2 penalty that are tried


class Baseline(NamedTuple):
    """One baseline, measured.

    Attributes:
        name: What it is.
        params: Number of trainable parameters.
        validation: Its ``trainer.reward_metric`` on the validation part.
        test: The same on the test part; None without one, or where it was not read.
    """

    name: str
    params: int
    validation: float
    test: float | None = None


def logistic_regression(
    dataset: Dataset,
    metric: str = "accuracy",
    class_weights: str = "none",
    reads_test: bool = False,
) -> Baseline:
    """Fit logistic regression on pixels; the validation part chooses the strength of its penalty.

    Args:
        dataset: Images and labels in three parts.
        metric: What it is judged by, as ``trainer.reward_metric`` has it.
        class_weights: Weight of an example in its loss, as ``trainer.class_weights`` has it.
        reads_test: Whether the test part is read; a preflight leaves it alone.
    """
    from sklearn.linear_model import LogisticRegression

    x_train = _as_rows(dataset.x_train)
    x_val = _as_rows(dataset.x_val)
    weights = None if class_weights == "none" else class_weights
    classes = dataset.num_classes
    best = None
    best_value = -1.0
    for penalty in _PENALTIES:
        model = LogisticRegression(C=penalty, max_iter=500, class_weight=weights)
        model.fit(x_train, dataset.y_train)
        value = measured_metric(metric, model.predict(x_val), dataset.y_val, classes)
        if value > best_value:
            best = model
            best_value = value

    assert best is not None
    test = None
    if reads_test and dataset.x_test is not None and dataset.y_test is not None:
        predicted = best.predict(_as_rows(dataset.x_test))
        test = measured_metric(metric, predicted, dataset.y_test, classes)
    params = int(best.coef_.size + best.intercept_.size)
    return Baseline("logistic regression", params, best_value, test)


def _as_rows(images: NDArray[Any]) -> NDArray[Any]:
    return images.reshape(len(images), -1)


def make_cnn(
    width: int, image_shape: tuple[int, ...], num_classes: int, dropout: float = 0.0
) -> Any:
    """Build the network that one would write by hand.

    Three stages of two 3x3 convolutions with batch normalization and ReLU, pooled in between; the
    number of filters doubles at each stage. Global average pooling, dropout and a dense layer
    follow.

    Args:
        width: Filters of the first stage.
        image_shape: (height, width, channels).
        num_classes: Number of logits.
        dropout: Share of features that are dropped before the last layer.

    Returns:
        A ``keras.Model`` from images to logits (n, num_classes).
    """
    import keras

    image = keras.Input(image_shape)
    x = image
    for stage in range(STAGES):
        for _ in range(CONVOLUTIONS):
            x = keras.layers.Conv2D(width * 2**stage, 3, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization(momentum=0.9)(x)
            x = keras.layers.ReLU()(x)
        if stage < STAGES - 1:
            x = keras.layers.MaxPooling2D(2, padding="same")(x)
    features = keras.layers.GlobalAveragePooling2D()(x)
    features = keras.layers.Dropout(dropout)(features)
    return keras.Model(image, keras.layers.Dense(num_classes)(features))


def count_cnn_params(width: int, channels: int, num_classes: int) -> int:
    """Return the number of trainable parameters of `make_cnn`."""
    total = 0
    inputs = channels
    for stage in range(STAGES):
        filters = width * 2**stage
        for _ in range(CONVOLUTIONS):
            kernel = 9 * inputs * filters
            normalization = 2 * filters
            total += kernel + normalization
            inputs = filters
    return total + (inputs + 1) * num_classes


def cnn_width(params: int, channels: int, num_classes: int) -> int:
    """Return the width whose `make_cnn` comes nearest to ``params`` parameters."""
    widths = range(2, _WIDEST)
    return min(widths, key=lambda w: abs(count_cnn_params(w, channels, num_classes) - params))


def train_cnn(
    dataset: Dataset,
    params: int,
    *,
    epochs: int,
    batchsize: int,
    learning_rate: float,
    seed: int,
    metric: str = "accuracy",
    class_weights: str = "none",
) -> Baseline:
    """Train `make_cnn` of about ``params`` parameters with Adam and a cosine schedule.

    Args:
        dataset: Images and labels; the test part is not read.
        params: Number of parameters to come near to.
        epochs: Passes over the training part.
        batchsize: Examples of a step.
        learning_rate: Learning rate of the first step.
        seed: Seed of weights and order.
        metric: What it is judged by, as ``trainer.reward_metric`` has it.
        class_weights: Weight of an example in its loss, as ``trainer.class_weights`` has it.
    """
    import keras

    keras.utils.set_random_seed(seed)
    channels = dataset.image_shape[2]
    width = cnn_width(params, channels, dataset.num_classes)
    model = make_cnn(width, dataset.image_shape, dataset.num_classes)
    batchsize = min(batchsize, len(dataset.y_train))
    steps = epochs * max(1, len(dataset.y_train) // batchsize)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    weights = None
    if class_weights == "balanced":
        weights = dict(enumerate(balanced_weights(dataset.y_train, dataset.num_classes)))
    model.fit(dataset.x_train, dataset.y_train, batchsize, epochs, class_weight=weights, verbose=0)
    logits = np.asarray(model.predict(dataset.x_val, batch_size=512, verbose=0))
    value = measured_metric(metric, logits.argmax(axis=1), dataset.y_val, dataset.num_classes)
    trained = count_cnn_params(width, channels, dataset.num_classes)
    return Baseline(f"plain CNN, {width} filters", trained, value)
