"""What a source gives, before splitting and normalising, and the checks that arrays must pass."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pnas.data.dataset import Labels
from pnas.errors import InvalidValue, require

PARTS = ("train", "val", "test")
_MAX_CHANNELS = 4


class RawImages(Protocol):
    """(n, H, W, C) images, uint8 or float, read when rows are taken: an array, or files on a disk.

    The seam for data too large for memory: all that is known of images before rows are taken is their shape.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[Any]: ...


class RawPart(NamedTuple):
    """One part as a source gives it; ``y`` is (n,)."""

    x: RawImages
    y: Labels


@dataclass(frozen=True)
class RawData:
    """The parts that a source gives, checked: "train", and perhaps "val" and "test"."""

    parts: dict[str, RawPart]
    num_classes: int
    class_names: tuple[str, ...] | None = None


def raw_from_arrays(arrays: dict[str, Any], key: str, num_classes: int | None = None) -> RawData:
    """Check and unify x_train, y_train[, x_val, y_val][, x_test, y_test].

    Args:
        arrays: by name. Images are (n, H, W) or (n, H, W, C) with 1-4 channels, uint8 or float; labels are
            integers, (n,) or (n, 1), or one-hot, (n, classes).
        key: named in errors, such as "data.path".
        num_classes: how many classes there must be; None: as the train labels say.

    Raises:
        InvalidValue: names, types, shapes or values that do not fit.
    """
    _check_names(arrays, key)
    given = [part for part in PARTS if f"x_{part}" in arrays]
    images = {part: _as_images(np.asarray(arrays[f"x_{part}"]), f"x_{part}", key) for part in given}
    labels = {part: _as_labels(np.asarray(arrays[f"y_{part}"]), f"y_{part}", key) for part in given}
    for part in given:
        _check_alike(part, images, labels, key)
    classes = num_classes or labels["train"].one_hot or int(labels["train"].y.max()) + 1
    require(classes >= 2, key, "y_train must hold at least 2 classes", classes)
    for part in given:
        _check_range(part, labels[part].y, classes, key)
    _check_train_classes(labels["train"].y, classes, key)
    return RawData({p: RawPart(images[p], labels[p].y.astype(np.int32)) for p in given}, classes)


def _check_names(arrays: dict[str, Any], key: str) -> None:
    names = {f"{kind}_{part}" for part in PARTS for kind in "xy"}
    unknown = {name for name in arrays if name.startswith(("x_", "y_"))} - names
    halves = [part for part in PARTS if (f"x_{part}" in arrays) != (f"y_{part}" in arrays)]
    is_complete = {"x_train", "y_train"} <= arrays.keys() and not unknown and not halves
    rule = "must hold x_train, y_train, and perhaps x_val, y_val, x_test, y_test"
    require(is_complete, key, rule, ", ".join(sorted(arrays)))


def _as_images(x: NDArray[Any], name: str, key: str) -> NDArray[Any]:
    """The images as (n, H, W, C), uint8 or float32."""
    is_known = x.dtype == np.uint8 or x.dtype.kind == "f"
    require(is_known, key, f"{name} must be uint8 or float", str(x.dtype))
    images = x[..., np.newaxis] if x.ndim == 3 else x
    is_shaped = images.ndim == 4 and 1 <= images.shape[3] <= _MAX_CHANNELS
    rule = f"{name} must be (n, H, W) or (n, H, W, C) with 1 to {_MAX_CHANNELS} channels"
    require(is_shaped, key, rule, x.shape)
    require(0 not in images.shape, key, f"{name} must not be empty", x.shape)
    if images.dtype == np.uint8:
        return images
    with np.errstate(over="ignore"):
        images = images.astype(np.float32, copy=False)
    bad = int(images.size - np.isfinite(images).sum())
    require(bad == 0, key, f"{name} must be finite", f"{bad} NaN or infinite pixels")
    return images


class _Labels(NamedTuple):
    """(n,) integers of 0 or more, and the number of classes that one-hot labels state."""

    y: NDArray[Any]
    one_hot: int | None


def _as_labels(y: NDArray[Any], name: str, key: str) -> _Labels:
    require(
        y.dtype.kind in "iufb", key, f"{name} must hold integer or one-hot labels", str(y.dtype)
    )
    require(
        y.ndim in (1, 2) and y.size > 0,
        key,
        f"{name} must be (n,), (n, 1) or (n, classes)",
        y.shape,
    )
    if y.ndim == 2 and y.shape[1] > 1:
        is_one_hot = bool(np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())
        require(is_one_hot, key, f"{name} must be one-hot: a single 1 in each row", y.shape)
        return _Labels(y.argmax(axis=1), y.shape[1])
    require(y.dtype.kind in "iu", key, f"{name} must hold integer or one-hot labels", str(y.dtype))
    require(y.min() >= 0, key, f"{name} must not hold negative labels", int(y.min()))
    return _Labels(y.reshape(-1), None)


def _check_alike(
    part: str, images: dict[str, NDArray[Any]], labels: dict[str, _Labels], key: str
) -> None:
    """Check x against y of one part, and both against the train part."""
    x = images[part]
    train = images["train"]
    require(
        len(labels[part].y) == len(x),
        key,
        f"y_{part} must have {len(x)} labels",
        len(labels[part].y),
    )
    rule = f"x_{part} must hold {train.shape[1:]} images as x_train does"
    require(x.shape[1:] == train.shape[1:], key, rule, x.shape[1:])
    # One is likely 0..255 and the other 0..1: statistics of the first would not fit the second.
    require(
        x.dtype == train.dtype, key, f"x_{part} must be {train.dtype} as x_train is", str(x.dtype)
    )


def _check_range(part: str, y: NDArray[Any], classes: int, key: str) -> None:
    largest = int(y.max())
    require(
        largest < classes, key, f"y_{part} must hold labels 0 to {classes - 1}", f"label {largest}"
    )


def _check_train_classes(y: NDArray[Any], classes: int, key: str) -> None:
    present = np.unique(y)
    if len(present) < classes:
        missing = [c for c in range(min(classes, len(present) + 5)) if c not in present][:5]
        rule = f"y_train must have examples of every class 0 to {classes - 1}"
        raise InvalidValue(key, rule, f"none of class {', '.join(map(str, missing))}")
