import numpy as np
import pytest

from pnas.children import TrainerSpec
from pnas.children.tensorflow_runtime import configure_runtime
from pnas.data import Dataset


@pytest.fixture(scope="session", autouse=True)
def _runtime() -> None:
    configure_runtime(TrainerSpec())


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """Three kinds of 6x6 images, told apart by where they are bright: 64 to train on, 41 and 20 others."""
    rng = np.random.default_rng(0)

    def part(examples: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, 3, examples).astype(np.int32)
        images = rng.normal(size=(examples, 6, 6, 1)).astype(np.float32)
        for label, image in zip(labels, images, strict=True):
            image[2 * label : 2 * label + 2] += 2
        return images, labels

    (x, y), (x_val, y_val), (x_test, y_test) = part(64), part(41), part(20)
    return Dataset("toy", x, y, x_val, y_val, x_test, y_test, num_classes=3)
