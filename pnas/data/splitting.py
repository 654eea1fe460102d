"""Stratified splits: which examples train, which measure rewards, and which test.

| symbol   | meaning                                                                    |
|----------|----------------------------------------------------------------------------|
| counts   | (classes,) examples of each class that a part may choose from              |
| size     | number of examples that the part has                                       |
| share    | (classes,) examples of each class in the part, ``share.sum() == size``     |
| most     | (classes,) upper bound of share, so that other parts get examples as well  |

Shares are those of largest remainders: ``size * counts / counts.sum()``, rounded down, and the
examples that are missing go to the classes with the largest remainders.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.data.data_spec import DataSpec
from pnas.data.dataset import Labels
from pnas.errors import InvalidValue, require
from pnas.seeds import derive_seed

Indices = NDArray[np.int64]
Counts = NDArray[np.int64]


class Pick(NamedTuple):
    """Examples of one part.

    Attributes:
        given: Part of the source that they come from.
        indices: Their rows in that part, ascending.
    """

    given: str
    indices: Indices


def plan_split(
    labels: Mapping[str, Labels],
    spec: DataSpec,
    class_names: Sequence[str] | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Pick]:
    """Choose the examples of train, val and (unless its size is 0) test.

    A val or test part that the source gives is used, or a subset of it; otherwise it is held out
    of the train part. Every class is in every part, in proportion to its examples; sizes are
    exact; no example is in two parts. Test examples are chosen first, so that they stay the same
    whatever the sizes of the others.

    Args:
        labels: Labels of the parts that the source gives: "train", and perhaps "val" and "test".
        spec: Sizes, fractions and ``split_seed``.
        class_names: Name of each class, in the order of the labels, for errors; None for numbers.
        notes: What reading the source has left out, for errors: it may be why a class is small.

    Raises:
        InvalidValue: A part larger than what there is, or too small for the classes.
    """
    sizes: dict[str, int | None] = {}
    picks: dict[str, Pick] = {}
    held_out: list[str] = []
    for part in ("test", "val"):
        size = _size(part, labels, spec)
        if size is None:
            continue
        sizes[part] = size
        if part in labels:
            picks[part] = _subset(part, labels[part], size, spec)
        else:
            held_out.append(part)

    parts = (*held_out, "train")
    _check_classes(labels["train"], parts, class_names=class_names, notes=notes)
    picks |= _cut_train_part(labels["train"], held_out, sizes, spec)
    return picks


def largest_validation_part(labels: Mapping[str, Labels], picks: Mapping[str, Pick]) -> int:
    """Return how many examples the validation part can have while other parts keep their sizes.

    Args:
        labels: Labels of the parts that the source gives.
        picks: What `plan_split` chose of them.
    """
    if "val" in labels:
        return len(labels["val"])
    left = len(labels["train"])
    for part, pick in picks.items():
        if part != "val" and pick.given == "train":
            left -= len(pick.indices)
    return left


def _size(part: str, labels: Mapping[str, Labels], spec: DataSpec) -> int | None:
    """Number of examples that val or test has; None for no such part."""
    size: int | None = getattr(spec, f"{part}_size")
    if size is not None:
        return size or None
    if part in labels:
        return len(labels[part])

    fraction = spec.held_out_fraction(part)
    return round(fraction * len(labels["train"])) if fraction else None


def _subset(part: str, labels: Labels, size: int, spec: DataSpec) -> Pick:
    """Examples of a part that the source gives."""
    seed = _seed(part, spec)
    rows = _sample(labels, np.arange(len(labels)), size, 0, seed, f"data.{part}_size")
    return Pick(part, rows)


def _cut_train_part(
    labels: Labels, held_out: Sequence[str], sizes: Mapping[str, int | None], spec: DataSpec
) -> dict[str, Pick]:
    """Share the source's train part among the parts held out of it, in turn, and train."""
    pool: Indices = np.arange(len(labels))
    picks: dict[str, Pick] = {}
    for position, part in enumerate(held_out):
        is_fraction = getattr(spec, f"{part}_size") is None
        rows = _sample(
            labels,
            pool,
            sizes[part],
            keep=len(held_out) - position,  # each part to come needs an example of every class
            seed=_seed(part, spec),
            key=f"data.{part}_{'fraction' if is_fraction else 'size'}",
            fraction=spec.held_out_fraction(part) if is_fraction else None,
        )
        pool = np.setdiff1d(pool, rows, assume_unique=True)
        picks[part] = Pick("train", rows)

    seed = _seed("train", spec)
    rows = _sample(labels, pool, spec.train_size, 0, seed, "data.train_size")
    picks["train"] = Pick("train", rows)
    return picks


def _check_classes(
    labels: Labels,
    parts: Sequence[str],
    class_names: Sequence[str] | None,
    notes: Sequence[str],
) -> None:
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() >= len(parts):
        return
    rule = f"must have at least {len(parts)} examples of every class, for {', '.join(parts)}"
    if notes:
        rule += f" ({'; '.join(notes)})"
    rarest = classes[counts.argmin()]
    name = rarest if class_names is None else class_names[rarest]
    raise InvalidValue("data.path", rule, f"{counts.min()} of class {name}")


def _seed(part: str, spec: DataSpec) -> int:
    return derive_seed(spec.split_seed, "split", part)


def _sample(
    labels: Labels,
    pool: Indices,
    size: int | None,
    keep: int,
    seed: int,
    key: str,
    fraction: float | None = None,
) -> Indices:
    """Sample rows of the pool, stratified by class, ascending.

    Args:
        labels: Labels of all examples.
        pool: Rows to choose from.
        size: Number of rows; None: all of the pool.
        keep: Examples of every class that stay in the pool, at least.
        seed: Seed of the sample.
        key: Key that errors name.
        fraction: Value of ``key`` where it is a share, of which ``size`` follows.

    Raises:
        InvalidValue: ``size`` is too large for the pool, or too small for the classes.
    """
    if size is None:
        return pool
    classes, counts = np.unique(labels[pool], return_counts=True)
    available = int((counts - keep).sum())
    rule = f"must be at most {available}, the examples available to it"
    _require_size(size <= available, rule, size, key, fraction)
    rule = f"must be at least {len(classes)}, one example of each class"
    _require_size(size >= len(classes), rule, size, key, fraction)

    share = apportion(counts, size, counts - keep)
    # RandomState, whose streams are frozen for good: a newer numpy must not change the split.
    shuffled = np.random.RandomState(seed).permutation(pool)
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]

    first_of_class = np.cumsum(counts) - counts
    rank_in_class = np.arange(len(pool)) - np.repeat(first_of_class, counts)
    is_chosen = rank_in_class < np.repeat(share, counts)
    return np.sort(by_class[is_chosen])


def _require_size(is_met: bool, rule: str, size: int, key: str, fraction: float | None) -> None:
    """Raise `InvalidValue` for a size, or for the fraction that gives it, unless a rule is met."""
    if fraction is None:
        require(is_met, key, rule, size)
    else:
        of_examples = rule.replace("must be", "must give a part of", 1)
        require(is_met, key, f"{of_examples}; it gives {size}", fraction)


def apportion(counts: Counts, size: int, most: Counts) -> Counts:
    """Share ``size`` among classes in proportion to ``counts``, each between 1 and its ``most``.

    A share differs by less than 1 from the exact proportion unless a bound, its own or another's,
    moves it. Requires ``len(counts) <= size <= most.sum()`` and every ``most >= 1``.
    """
    total = counts.sum()
    exact = size * counts  # times total, to stay in integers
    share = np.clip(exact // total, 1, most)
    missing = size - int(share.sum())
    while missing != 0:
        step = 1 if missing > 0 else -1
        movable = np.flatnonzero(share < most if step > 0 else share > 1)
        remainder = step * (exact - share * total)
        order = np.argsort(-remainder[movable], kind="stable")
        first = movable[order][: abs(missing)]
        share[first] += step
        missing = size - int(share.sum())
    return share
