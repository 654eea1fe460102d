"""Splits: exact sizes, every class in every part, nothing twice, the same every time."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pnas.data import load_dataset
from pnas.data.data_spec import HeldOutSpec
from pnas.data.splitting import Pick, apportion, largest_validation_part, plan_split
from pnas.errors import InvalidValue


def spec(**values: Any) -> HeldOutSpec:
    return HeldOutSpec(name="arrays", **values)


def labels_of(counts: list[int], seed: int = 0) -> np.ndarray:
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    return np.random.default_rng(seed).permutation(labels)


def sizes(picks: dict[str, Pick]) -> dict[str, int]:
    return {part: len(pick.indices) for part, pick in picks.items()}


class_counts = st.lists(st.integers(3, 60), min_size=2, max_size=8)


@settings(deadline=None, max_examples=150)
@given(class_counts, st.data(), st.integers(0, 5))
def test_parts_cut_from_one_pool(counts: list[int], data: st.DataObject, seed: int) -> None:
    labels = labels_of(counts, seed)
    classes = len(counts)
    total = len(labels)
    test = data.draw(st.integers(classes, total - 2 * classes))
    val = data.draw(st.integers(classes, total - test - classes))
    train = data.draw(st.none() | st.integers(classes, total - test - val))
    asked = spec(train_size=train, val_size=val, test_size=test, split_seed=seed)
    picks = plan_split({"train": labels}, asked)
    assert sizes(picks) == {
        "train": total - test - val if train is None else train,
        "val": val,
        "test": test,
    }
    everything = np.concatenate([pick.indices for pick in picks.values()])
    assert len(np.unique(everything)) == len(everything)
    for pick in picks.values():
        assert pick.given == "train"
        assert (np.diff(pick.indices) > 0).all()
        assert set(labels[pick.indices]) == set(range(classes))


@settings(deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=20), st.data())
def test_apportion_is_proportional_within_one(counts: list[int], data: st.DataObject) -> None:
    size = data.draw(st.integers(len(counts), sum(counts)))
    array = np.array(counts)
    share = apportion(array, size, array)
    exact = size * array / array.sum()
    assert share.sum() == size
    assert ((share >= 1) & (share <= array)).all()
    if exact.min() >= 1:  # then no bound is in the way
        assert (np.abs(share - exact) < 1).all()


def test_apportion_respects_bounds() -> None:
    assert apportion(np.array([1000, 1, 1]), 10, np.array([1000, 1, 1])).tolist() == [8, 1, 1]
    assert apportion(np.array([10, 10, 10]), 21, np.array([3, 9, 9])).tolist() == [3, 9, 9]
    assert apportion(np.array([5, 5]), 5, np.array([5, 5])).tolist() == [3, 2]


def test_the_seed_draws_the_examples() -> None:
    labels = {"train": labels_of([30, 30])}
    first = plan_split(labels, spec())
    again = plan_split(labels, spec())
    other = plan_split(labels, spec(split_seed=1))
    for part, pick in first.items():
        assert pick.indices.tolist() == again[part].indices.tolist() != other[part].indices.tolist()


def test_the_test_part_does_not_depend_on_other_sizes() -> None:
    labels = {"train": labels_of([50, 50, 50])}
    few = plan_split(labels, spec(test_size=30, val_size=10, train_size=6))
    many = plan_split(labels, spec(test_size=30, val_size=60))
    assert few["test"].indices.tolist() == many["test"].indices.tolist()


GIVEN_PARTS = [
    ({}, {}, {"train": 60, "val": 20, "test": 20}),
    ({}, {"test_fraction": 0}, {"train": 80, "val": 20}),
    ({}, {"test_size": 0}, {"train": 80, "val": 20}),
    ({}, {"val_fraction": 0.5, "train_size": 7}, {"train": 7, "val": 50, "test": 20}),
    ({"test": 50}, {}, {"train": 80, "val": 20, "test": 50}),
    ({"test": 50}, {"test_size": 5}, {"train": 80, "val": 20, "test": 5}),
    ({"test": 50}, {"test_size": 0}, {"train": 80, "val": 20}),
    ({"val": 30, "test": 50}, {}, {"train": 100, "val": 30, "test": 50}),
    (
        {"val": 30, "test": 50},
        {"val_size": 8, "train_size": 40},
        {"train": 40, "val": 8, "test": 50},
    ),
    ({"val": 30}, {}, {"train": 80, "val": 30, "test": 20}),
]


@pytest.mark.parametrize(
    ("given_parts", "values", "expected"),
    GIVEN_PARTS,
)
def test_given_parts_are_used_and_missing_ones_held_out(
    given_parts: dict[str, int], values: dict[str, Any], expected: dict[str, int]
) -> None:
    labels = {"train": labels_of([50, 50])} | {
        part: labels_of([n // 2] * 2) for part, n in given_parts.items()
    }
    picks = plan_split(labels, spec(**values))
    assert sizes(picks) == expected
    for part, pick in picks.items():
        assert pick.given == (part if part in given_parts else "train")


def test_a_given_test_part_need_not_have_every_class() -> None:
    labels = {"train": labels_of([20, 20, 20]), "test": np.array([0, 2, 2], np.int32)}
    assert sizes(plan_split(labels, spec()))["test"] == 3


MISFITS = [
    ([10, 10], {"test_size": 17}, "data.test_size", "must be at most 16"),
    ([10, 10], {"test_size": 10, "val_size": 9}, "data.val_size", "must be at most 8"),
    (
        [10, 10],
        {"test_size": 10, "val_size": 5, "train_size": 6},
        "data.train_size",
        "must be at most 5",
    ),
    ([10, 10], {"train_size": 1}, "data.train_size", "must be at least 2"),
    ([10, 10], {"val_size": 1}, "data.val_size", "must be at least 2"),
    (
        [10, 10],
        {"val_fraction": 0.01},
        "data.val_fraction",
        "must give a part of at least 2, one example of each class; it gives 0",
    ),
    ([10, 10], {"test_fraction": 0.01}, "data.test_fraction", "must give a part of at least 2"),
    (
        [30, 3],
        {"test_fraction": 0.95, "val_fraction": 0.04},
        "data.test_fraction",
        "must give a part of at most 29",
    ),
    ([10, 2], {}, "data.path", "must have at least 3 examples of every class"),
    ([10, 1], {"test_size": 0}, "data.path", "must have at least 2 examples of every class"),
]


@pytest.mark.parametrize(
    ("counts", "values", "key", "rule"),
    MISFITS,
)
def test_sizes_that_do_not_fit(
    counts: list[int], values: dict[str, Any], key: str, rule: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        plan_split({"train": labels_of(counts)}, spec(**values))
    assert caught.value.key == key
    assert caught.value.rule.startswith(rule)


def test_a_subset_of_a_given_part_is_no_larger_than_it() -> None:
    labels = {"train": labels_of([20, 20]), "val": labels_of([5, 5])}
    with pytest.raises(InvalidValue, match=r"data.val_size: must be at most 10"):
        plan_split(labels, spec(val_size=11))


@pytest.mark.parametrize(
    ("given_parts", "sizes_typed", "largest"),
    [
        (("train",), {"train_size": 40, "val_size": 20}, 40),  # 100 - 20 to test - 40 to train
        (("train",), {"train_size": 40, "val_size": 20, "test_size": 0}, 60),
        (("train",), {"val_size": 20}, 20),  # the train part has all others
        (("train", "test"), {"train_size": 40, "val_size": 20}, 60),
        (("train", "val"), {"val_size": 20}, 100),
    ],
)
def test_the_largest_validation_part_is_what_the_others_leave(
    given_parts: tuple[str, ...], sizes_typed: dict[str, int], largest: int
) -> None:
    labels = {part: labels_of([50, 30, 20]) for part in given_parts}
    picks = plan_split(labels, spec(**sizes_typed))
    assert largest_validation_part(labels, picks) == largest

    before = sizes(picks)
    grown = plan_split(labels, spec(**{**sizes_typed, "val_size": largest}))
    assert sizes(grown) == {**before, "val": largest}


def test_digits_have_no_more_than_their_defaults_use() -> None:
    assert load_dataset("digits").largest_val == 1041
    assert load_dataset("digits", val_size=300).largest_val == 1041
    assert load_dataset("digits", train_size=100, val_size=300).largest_val == 1197
