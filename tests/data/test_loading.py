"""Loading: the embedded digits, what is known without loading, arrays in memory."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from pnas.data import DigitsSpec, FileSpec, check_data, dataset_from_arrays, load_dataset
from pnas.data.raw_data import RawData, raw_from_arrays
from pnas.errors import InvalidValue

Arrays = dict[str, Any]


def test_digits_are_split_for_rewards_that_carry_signal() -> None:
    data = load_dataset("digits")
    assert (data.x_train.shape, data.x_val.shape, data.x_test.shape) == (
        (256, 8, 8, 1),
        (1041, 8, 8, 1),
        (500, 8, 8, 1),
    )
    # 174 to 183 examples of each of the 10 classes in 1,797
    for labels, low, high in (
        (data.y_train, 24, 27),
        (data.y_val, 100, 107),
        (data.y_test, 48, 51),
    ):
        counts = np.bincount(labels, minlength=10)
        assert low <= counts.min() <= counts.max() <= high
    assert data.x_train.mean() == pytest.approx(0, abs=1e-5)
    assert data.x_train.std() == pytest.approx(1, abs=1e-5)


def test_digits_parts_are_disjoint_and_make_up_the_whole() -> None:
    from sklearn.datasets import load_digits

    data = load_dataset("digits")
    parts = np.concatenate([data.x_train, data.x_val, data.x_test])
    raw = np.round(parts * data.std + data.mean).reshape(1797, 64)
    assert sorted(map(tuple, raw.tolist())) == sorted(map(tuple, load_digits().data.tolist()))


DIGITS_SIZES = [
    ({}, (256, 1041, 500)),
    ({"train_size": 512}, (512, 785, 500)),
    ({"test_size": 0}, (256, 1541, 0)),
    ({"val_size": 300}, (256, 300, 500)),
    ({"train_size": 1000, "val_size": 297, "test_size": 500}, (1000, 297, 500)),
]


@pytest.mark.parametrize(
    ("overrides", "sizes"),
    DIGITS_SIZES,
)
def test_digits_sizes(overrides: dict[str, int], sizes: tuple[int, int, int]) -> None:
    train, val, test = sizes
    info = check_data("digits", **overrides)
    assert info.name == "digits"
    assert info.image_shape == (8, 8, 1)
    assert info.num_classes == 10
    assert (info.train, info.val, info.test) == sizes

    # A part without examples is no part.
    expected = {"train": train, "val": val, "test": test}
    if test == 0:
        del expected["test"]
    counted = {part: sum(counts) for part, counts in info.class_counts.items()}
    assert counted == expected

    data = load_dataset(DigitsSpec(), **overrides)
    assert len(data.x_train) == train
    assert len(data.x_val) == val
    assert (0 if data.x_test is None else len(data.x_test)) == test


def test_more_digits_than_there_are() -> None:
    with pytest.raises(
        InvalidValue, match=r"data.train_size: must be at most 1287.*Received: 1797"
    ):
        check_data("digits", train_size=1797)
    with pytest.raises(InvalidValue, match=r"data.val_size: must be at most 1287"):
        check_data("digits", val_size=1400)


def test_too_few_digits_to_train_on_are_named_by_the_key_that_was_typed() -> None:
    with pytest.raises(InvalidValue, match=r"data.train_size: must be at least 10.*Received: 5"):
        check_data("digits", train_size=5)


def test_only_the_split_seed_changes_the_split() -> None:
    assert load_dataset("digits").fingerprint == load_dataset(DigitsSpec()).fingerprint
    assert load_dataset("digits").fingerprint != load_dataset("digits", split_seed=1).fingerprint


def test_named_sets_are_known_without_a_download() -> None:
    expected = [
        ("cifar10", {"val_size": 5000}, (32, 32, 3), 10, (45_000, 5_000, 10_000)),
        ("cifar100", {}, (32, 32, 3), 100, (40_000, 10_000, 10_000)),
        ("fashion_mnist", {"train_size": 100}, (28, 28, 1), 10, (100, 12_000, 10_000)),
    ]
    for name, sizes_asked, shape, classes, sizes in expected:
        info = check_data(name, **sizes_asked)
        assert (info.name, info.image_shape, info.num_classes) == (name, shape, classes)
        assert (info.train, info.val, info.test) == sizes
        assert info.notes == ()
    with pytest.raises(InvalidValue, match=r"data.test_size: must be at most 10000"):
        check_data("cifar10", test_size=10_001)


def test_arrays_in_memory_are_left_alone(arrays: Arrays) -> None:
    arrays["x_train"] = arrays["x_train"].astype(np.float32)
    arrays["x_test"] = arrays["x_test"].astype(np.float32)
    before = {name: array.copy() for name, array in arrays.items()}
    data = dataset_from_arrays(**arrays, name="mine", val_size=6)
    assert data.name == "mine"
    assert len(data.x_train) == 24
    assert len(data.x_val) == 6
    assert len(data.x_test) == 12
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, before[name])


def test_statistics_come_from_the_train_part_alone(arrays: Arrays) -> None:
    other = {**arrays, "x_test": 255 - arrays["x_test"]}
    first = dataset_from_arrays(**arrays)
    second = dataset_from_arrays(**other)
    assert first.mean.tolist() == second.mean.tolist()
    assert first.x_train.tolist() == second.x_train.tolist()


def test_arrays_are_named_in_errors(arrays: Arrays) -> None:
    with pytest.raises(InvalidValue, match=r"arrays: y_train must have 30 labels"):
        dataset_from_arrays(arrays["x_train"], arrays["y_train"][1:])


def test_a_source_can_be_added(arrays: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    def mine(spec: FileSpec) -> RawData:
        assert spec.path == "anywhere"
        return raw_from_arrays(arrays, "data.path")

    monkeypatch.setattr("pnas.registry.extension", lambda kind, name: {"mine": mine}.get(name))
    assert load_dataset("mine", path="anywhere", test_size=3).y_test.shape == (3,)


def test_another_process_loads_the_same_without_tensorflow() -> None:
    code = (
        "import sys, pnas.data; pnas.data.check_data('cifar10');"
        "print(pnas.data.load_dataset('digits').fingerprint);"
        "print([name for name in ('tensorflow', 'keras', 'mlflow') if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == [load_dataset("digits").fingerprint, "[]"]
