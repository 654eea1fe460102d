"""TensorFlow and one small data set for all tests of children."""

import numpy as np
import pytest

from pnas.children import SearchTrainerSpec
from pnas.children.tensorflow_runtime import configure_runtime
from pnas.data import Dataset

CLASSES = 3
SIDE = 6


@pytest.fixture(scope="session", autouse=True)
def _runtime() -> None:
    configure_runtime(SearchTrainerSpec())


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """Three classes of 6x6 images, which differ in the pair of rows that is bright.

    There are 64 images to train on, 41 to validate on and 20 to test on.
    """
    rng = np.random.default_rng(0)
    x_train, y_train = _images(rng, 64)
    x_val, y_val = _images(rng, 41)
    x_test, y_test = _images(rng, 20)
    return Dataset("toy", x_train, y_train, x_val, y_val, x_test, y_test, num_classes=CLASSES)


def _images(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    labels = rng.integers(0, CLASSES, count).astype(np.int32)
    images = rng.normal(size=(count, SIDE, SIDE, 1)).astype(np.float32)
    for label, image in zip(labels, images, strict=True):
        image[2 * label : 2 * label + 2] += 2
    return images, labels
