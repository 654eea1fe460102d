"""Dataset: what it refuses, its fingerprint, and normalisation."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pnas.data import Dataset, dataset_from_arrays, load_dataset
from pnas.data.normalisation import channel_statistics
from pnas.errors import InvalidValue

# Follows from images, split and normalisation. If it changes, no older run can be continued.
DIGITS_FINGERPRINT = "1cbe77e82ebf9d78"


def small(**changes: Any) -> Dataset:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 4, 5, 2)).astype(np.float32)
    y = np.arange(12, dtype=np.int32) % 3
    fields: dict[str, Any] = {
        "x_train": x[:6],
        "y_train": y[:6],
        "x_val": x[6:9],
        "y_val": y[6:9],
        "x_test": x[9:],
        "y_test": y[9:],
        "num_classes": 3,
        "name": "small",
    }
    fields |= changes
    return Dataset(**fields)


def test_image_shape() -> None:
    assert small().image_shape == (4, 5, 2)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"x_train": np.zeros((6, 4, 5), np.float32)}, "dataset.x_train"),
        ({"x_train": np.zeros((6, 4, 5, 2), np.float64)}, "dataset.x_train"),
        ({"y_train": np.zeros(6, np.int64)}, "dataset.y_train"),
        ({"y_train": np.zeros(5, np.int32)}, "dataset.y_train"),
        ({"x_val": np.zeros((3, 4, 5, 1), np.float32)}, "dataset.x_val"),
        ({"y_val": np.array([0, 1, 3], np.int32)}, "dataset.y_val"),
        ({"y_val": np.array([0, 1, -1], np.int32)}, "dataset.y_val"),
        (
            {"x_val": np.zeros((0, 4, 5, 2), np.float32), "y_val": np.zeros(0, np.int32)},
            "dataset.y_val",
        ),
        ({"y_test": None}, "dataset.y_test"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        small(**changes)
    assert caught.value.key == key


def test_fingerprint_of_digits_stays() -> None:
    assert load_dataset("digits").fingerprint == DIGITS_FINGERPRINT


def changed(array: np.ndarray, position: tuple[int, ...]) -> np.ndarray:
    copy = array.copy()
    copy[position] += 1
    return copy


def test_fingerprint_sees_every_part() -> None:
    data = small(mean=np.zeros(2, np.float32), std=np.ones(2, np.float32))
    others = [
        replace(data, x_train=changed(data.x_train, (5, 3, 4, 1))),
        replace(data, x_val=changed(data.x_val, (0, 0, 0, 0))),
        replace(data, x_test=changed(data.x_test, (2, 1, 1, 1))),
        replace(data, y_train=data.y_train[::-1].copy()),
        replace(data, num_classes=4),
        replace(data, x_test=None, y_test=None),
        replace(
            data, x_train=data.x_val, y_train=data.y_val, x_val=data.x_train, y_val=data.y_train
        ),
        replace(data, mean=np.ones(2, np.float32)),
        replace(data, mean=None, std=None),
    ]
    prints = [data.fingerprint, *(other.fingerprint for other in others)]
    assert len(set(prints)) == len(prints)


def test_fingerprint_ignores_name_memory_layout_and_pickling() -> None:
    data = small()
    assert replace(data, name="other").fingerprint == data.fingerprint
    assert replace(data, x_train=np.asfortranarray(data.x_train)).fingerprint == data.fingerprint
    assert pickle.loads(pickle.dumps(data)).fingerprint == data.fingerprint


def test_statistics_are_those_of_each_channel() -> None:
    rng = np.random.default_rng(1)
    scales = (2, 0.5)
    levels = (100, -3)
    images = rng.normal(size=(3000, 3, 4, 2)) * scales + levels
    images = images.astype(np.float32)
    mean, std = channel_statistics(images)
    assert mean.dtype == std.dtype == np.float32

    exact = images.astype(np.float64)
    every_pixel = (0, 1, 2)
    np.testing.assert_allclose(mean, exact.mean(every_pixel), rtol=1e-6)
    np.testing.assert_allclose(std, exact.std(every_pixel), rtol=1e-6)


@pytest.mark.parametrize("level", [0.0, 0.1, 255.0])
def test_a_constant_channel_keeps_its_scale(level: float) -> None:
    _, std = channel_statistics(np.full((7, 3, 3, 1), level, np.float32))
    assert std.tolist() == [1.0]


def test_normalise_puts_raw_images_on_the_scale_of_training() -> None:
    rng = np.random.default_rng(2)
    raw = rng.integers(0, 256, (60, 4, 4, 3), dtype=np.uint8)
    y = np.arange(60) % 2
    x_train, x_val, x_test = np.split(raw, [40, 50])
    y_train, y_val, y_test = np.split(y, [40, 50])
    data = dataset_from_arrays(x_train, y_train, x_val, y_val, x_test, y_test)
    np.testing.assert_array_equal(data.normalise(x_train), data.x_train)
    np.testing.assert_array_equal(data.normalise(x_test), data.x_test)

    without_statistics = small()
    np.testing.assert_array_equal(without_statistics.normalise(x_val), x_val.astype(np.float32))
