"""Stratified splits: which examples train, measure rewards, and test."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.data.data_spec import DataSpec
from pnas.data.dataset import Labels
from pnas.errors import InvalidValue, require
from pnas.seeds import derive_seed

Indices = NDArray[np.int64]


class Pick(NamedTuple):
    """Examples of one part: the rows ``indices`` (ascending) of the source's part ``given``."""

    given: str
    indices: Indices


def plan_split(labels: Mapping[str, Labels], spec: DataSpec) -> dict[str, Pick]:
    """Choose the examples of train, val and (unless its size is 0) test.

    A val or test part that the source gives is used, or a subset of it; otherwise it is held out of the train
    part. Every class is in every part, in proportion to its examples; sizes are exact; no example is in two
    parts. Test examples are chosen first, so they stay the same whatever the sizes of the others.

    Args:
        labels: of the parts given: "train", and perhaps "val" and "test".
        spec: sizes, fractions and ``split_seed``.

    Raises:
        InvalidValue: a part larger than what there is, or too small for the classes.
    """
    sizes = {part: _size(part, labels, spec) for part in ("test", "val")}
    asked = [part for part, size in sizes.items() if size is not None]
    picks = {
        part: _subset(part, labels[part], sizes[part], spec) for part in asked if part in labels
    }
    cut = [part for part in asked if part not in labels]
    return {**picks, **_cut(labels["train"], cut, sizes, spec)}


def _size(part: str, labels: Mapping[str, Labels], spec: DataSpec) -> int | None:
    """How many examples val or test has; None for no such part."""
    size: int | None = getattr(spec, f"{part}_size")
    if size is not None:
        return size or None
    if part in labels:
        return len(labels[part])
    fraction = spec.held_out_fraction(part)
    return round(fraction * len(labels["train"])) if fraction else None


def _subset(part: str, labels: Labels, size: int | None, spec: DataSpec) -> Pick:
    everything: Indices = np.arange(len(labels))
    return Pick(part, _take(labels, everything, size, 0, _seed(part, spec), f"data.{part}_size"))


def _cut(
    labels: Labels, held_out: Sequence[str], sizes: Mapping[str, int | None], spec: DataSpec
) -> dict[str, Pick]:
    """Share the source's train part among the parts ``held_out`` of it, in turn, and train."""
    _check_classes(labels, (*held_out, "train"))
    pool: Indices = np.arange(len(labels))
    picks: dict[str, Pick] = {}
    for position, part in enumerate(held_out):
        key = f"data.{part}_{'fraction' if getattr(spec, f'{part}_size') is None else 'size'}"
        chosen = _take(labels, pool, sizes[part], len(held_out) - position, _seed(part, spec), key)
        pool = np.setdiff1d(pool, chosen, assume_unique=True)
        picks[part] = Pick("train", chosen)
    train = _take(labels, pool, spec.train_size, 0, _seed("train", spec), "data.train_size")
    return {**picks, "train": Pick("train", train)}


def _check_classes(labels: Labels, parts: Sequence[str]) -> None:
    classes, counts = np.unique(labels, return_counts=True)
    rule = f"must have at least {len(parts)} examples of every class, for {', '.join(parts)}"
    if counts.min() < len(parts):
        raise InvalidValue("data.path", rule, f"{counts.min()} of class {classes[counts.argmin()]}")


def _seed(part: str, spec: DataSpec) -> int:
    return derive_seed(spec.split_seed, "split", part)


def _take(
    labels: Labels, pool: Indices, size: int | None, keep: int, seed: int, key: str
) -> Indices:
    """Draw ``size`` examples of ``pool`` (None: all), ascending, leaving ``keep`` or more of every class."""
    if size is None:
        return pool
    classes, counts = np.unique(labels[pool], return_counts=True)
    available = int((counts - keep).sum())
    require(
        size <= available, key, f"must be at most {available}, the examples available to it", size
    )
    require(
        size >= len(classes),
        key,
        f"must be at least {len(classes)}, one example of each class",
        size,
    )
    quota = apportion(counts, size, counts - keep)
    # RandomState, whose streams are frozen for good: a newer numpy must not change the split.
    shuffled = np.random.RandomState(seed).permutation(pool)
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    rank = np.arange(len(pool)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(by_class[rank < np.repeat(quota, counts)])


def apportion(counts: NDArray[np.int64], size: int, most: NDArray[np.int64]) -> NDArray[np.int64]:
    """Share ``size`` among classes in proportion to their ``counts``, each between 1 and its ``most``.

    Largest remainders: a share differs by less than 1 from the exact proportion unless a bound, its own or
    another's, moves it. Requires ``len(counts) <= size <= most.sum()`` and every ``most >= 1``.
    """
    total = counts.sum()
    share = np.clip(size * counts // total, 1, most)
    while (missing := size - int(share.sum())) != 0:
        step = 1 if missing > 0 else -1
        wanting = step * (size * counts - share * total)
        movable = np.flatnonzero(share < most if step > 0 else share > 1)
        first = movable[np.argsort(-wanting[movable], kind="stable")][: abs(missing)]
        share[first] += step
    return share
