"""What people should know of their data before anything is trained on it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.data.raw_data import RawData
from pnas.data.splitting import Pick

_IMBALANCE = 10
"""Examples of the largest class to one of the smallest, from which on a note says so."""
_SMALL_VALIDATION = 100
"""Validation examples below which a reward is coarse."""
_NAMED = 5
"""Classes without examples that a note names."""
_MOST = 0.5
"""Share of the images that are constant, or identical, from which on a note says so."""
_COMPARED = 1_000
"""Images that are compared, about."""


def class_counts(raw: RawData, picks: Mapping[str, Pick]) -> dict[str, list[int]]:
    """Return the number of examples of each class, by part."""
    counts = {}
    for part in ("train", "val", "test"):
        if part in picks:
            pick = picks[part]
            labels = raw.parts[pick.given].y[pick.indices]
            counts[part] = np.bincount(labels, minlength=raw.num_classes).tolist()
    return counts


def split_notes(counts: Mapping[str, Sequence[int]], names: Sequence[str]) -> list[str]:
    """Return what is to be said of the sizes of classes and parts.

    Args:
        counts: Number of examples of each class, by part.
        names: Names of the classes.
    """
    notes = []
    train = counts["train"]
    largest = int(np.argmax(train))
    smallest = int(np.argmin(train))
    if train[largest] >= _IMBALANCE * train[smallest]:
        notes.append(
            f"imbalanced classes: {train[largest]} training images of {names[largest]}, "
            f"{train[smallest]} of {names[smallest]}. Plain accuracy counts large classes most; "
            "trainer.reward_metric=balanced_accuracy counts every class alike in the reward, "
            "trainer.class_weights=balanced in the loss"
        )
    for part, called in (("val", "validation"), ("test", "test")):
        missing = _missing_classes(counts.get(part, ()), names)
        if missing:
            notes.append(
                f"no {called} images of {missing}: {called} accuracy says nothing of such images"
            )
    examples = sum(counts["val"])
    if examples < _SMALL_VALIDATION:
        notes.append(
            f"{examples} validation images: a reward can take {examples + 1} values only, and "
            "differences between cells are mostly chance; data.val_size gives it more, and "
            "search.confirm trains the best cells again"
        )
    return notes


def _missing_classes(counts: Sequence[int], names: Sequence[str]) -> str:
    """Return the classes that a part has no examples of, in words; "" if it has some of each."""
    missing = [name for name, count in zip(names, counts, strict=False) if count == 0]
    shown = ", ".join(missing[:_NAMED])
    more = len(missing) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def rows_to_compare(count: int) -> NDArray[np.int64]:
    """Return the rows, of ``count`` images, in which information is looked for."""
    return np.arange(0, count, max(1, count // _COMPARED))


def image_notes(images: NDArray[Any]) -> list[str]:
    """Return what is to be said of images that carry no information.

    Args:
        images: (n, H, W, C) raw images.
    """
    first_pixel = images[:, :1, :1, :]
    is_constant = (images == first_pixel).all(axis=(1, 2, 3))
    constant = int(is_constant.sum())
    notes = []
    if constant > _MOST * len(images):
        notes.append(f"{constant} of {len(images)} images are constant: one colour everywhere")

    copies: dict[bytes, int] = {}
    for image in images:
        key = image.tobytes()
        copies[key] = copies.get(key, 0) + 1
    most = max(copies.values())
    if most > _MOST * len(images):
        notes.append(f"{most} of {len(images)} images are identical to one another")
    return notes
