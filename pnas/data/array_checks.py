"""Checks of arrays as people have them: names, types, shapes, and labels in range."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.data.dataset import PARTS, Labels
from pnas.errors import InvalidValue, require

_MAX_CHANNELS = 4
_MISSING_SHOWN = 5
"""Classes without an example that an error names."""


def check_names(arrays: Mapping[str, Any], key: str) -> None:
    """Raise `InvalidValue` for images without labels, labels without images, and misspelt names."""
    rule = "must hold x_train, y_train, and perhaps x_val, y_val, x_test, y_test"
    names = ", ".join(sorted(arrays))
    require("x_train" in arrays and "y_train" in arrays, key, rule, names)

    expected = set()
    for part in PARTS:
        expected |= {f"x_{part}", f"y_{part}"}
        is_whole = (f"x_{part}" in arrays) == (f"y_{part}" in arrays)
        require(is_whole, key, rule, names)
    for name in arrays:
        is_known = name in expected or not name.startswith(("x_", "y_"))
        require(is_known, key, rule, names)


def check_not_masked(values: Any, name: str, key: str) -> None:
    """Raise `InvalidValue` if an array, or an array of a list, has masked entries.

    NumPy drops the mask as it makes a plain array, and what is masked would be trained on.
    """
    arrays = values if isinstance(values, list | tuple) else [values]
    masked = sum(int(np.ma.count_masked(each)) for each in arrays if np.ma.isMaskedArray(each))
    rule = f"{name} must have no masked entries: a mask is not read"
    require(masked == 0, key, rule, f"{masked} masked")


def as_images(images: NDArray[Any], name: str, key: str) -> NDArray[Any]:
    """Return the images as (n, H, W, C), uint8 or float32."""
    # By name, which is that of either byte order.
    is_known = images.dtype.name in ("uint8", "uint16") or images.dtype.kind == "f"
    require(is_known, key, f"{name} must be uint8, uint16 or float", str(images.dtype))
    _check_image_shape(images.shape, name, key)

    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.dtype == np.uint8:
        return images

    # What is too large for float32 becomes infinite, and is then counted.
    with np.errstate(over="ignore"):
        images = images.astype(np.float32, copy=False)
    not_finite = int(images.size - np.isfinite(images).sum())
    received = f"{not_finite} NaN or infinite pixels"
    require(not_finite == 0, key, f"{name} must be finite", received)
    return images


def _check_image_shape(shape: Sequence[int], name: str, key: str) -> None:
    channels = shape[3] if len(shape) == 4 else 1
    is_shaped = len(shape) in (3, 4) and 1 <= channels <= _MAX_CHANNELS
    rule = f"{name} must be (n, H, W) or (n, H, W, C) with 1 to {_MAX_CHANNELS} channels"
    require(is_shaped, key, rule, shape)
    require(0 not in shape, key, f"{name} must not be empty", shape)


class GivenLabels(NamedTuple):
    """Labels of one part.

    Attributes:
        y: (n,) integers of 0 or more.
        one_hot_classes: Number of classes that one-hot labels state; None for other labels.
    """

    y: NDArray[Any]
    one_hot_classes: int | None

    @property
    def num_classes(self) -> int:
        """Number of classes that these labels say there are."""
        return self.one_hot_classes or int(self.y.max()) + 1


def as_labels(labels: NDArray[Any], name: str, key: str) -> GivenLabels:
    """Return the labels as one integer an example, whether they are one-hot or not."""
    dtype = str(labels.dtype)
    type_rule = f"{name} must hold integer or one-hot labels"
    require(labels.dtype.kind in "iufb", key, type_rule, dtype)

    shape_rule = f"{name} must be (n,), (n, 1) or (n, classes)"
    require(labels.ndim in (1, 2) and labels.size > 0, key, shape_rule, labels.shape)

    if labels.ndim == 2 and labels.shape[1] > 1:
        return _from_one_hot(labels, name, key)

    require(labels.dtype.kind in "iu", key, type_rule, dtype)
    smallest = int(labels.min())
    require(smallest >= 0, key, f"{name} must not hold negative labels", smallest)
    return GivenLabels(labels.reshape(-1), None)


def _from_one_hot(labels: NDArray[Any], name: str, key: str) -> GivenLabels:
    holds_zeros_and_ones = bool(np.isin(labels, (0, 1)).all())
    is_one_hot = holds_zeros_and_ones and bool((labels.sum(axis=1) == 1).all())
    require(is_one_hot, key, f"{name} must be one-hot: a single 1 in each row", labels.shape)
    return GivenLabels(labels.argmax(axis=1), labels.shape[1])


def check_pixel_type(part: str, given: Mapping[str, NDArray[Any]], key: str) -> None:
    """Raise `InvalidValue` if the images of a part are of another kind than those of train.

    One is likely 0..255 or 0..65535 and the other 0..1: statistics of the first would not fit the
    second.

    Args:
        part: The part.
        given: Images of each part, as they were given.
        key: Key that the error names.
    """
    train = _pixel_type(given["train"])
    found = _pixel_type(given[part])
    require(found == train, key, f"x_{part} must be {train} as x_train is", found)


def _pixel_type(images: NDArray[Any]) -> str:
    """Return the type of pixels; floats of any size are of one."""
    return "float" if images.dtype.kind == "f" else images.dtype.name


def check_part(
    part: str, images: Mapping[str, NDArray[Any]], labels: Mapping[str, GivenLabels], key: str
) -> None:
    """Check images against labels of one part, and images against those of the train part."""
    x = images[part]
    train = images["train"]
    count = len(labels[part].y)
    require(count == len(x), key, f"y_{part} must have {len(x)} labels", count)

    rule = f"x_{part} must hold {train.shape[1:]} images as x_train does"
    require(x.shape[1:] == train.shape[1:], key, rule, x.shape[1:])


def check_range(part: str, labels: Labels, classes: int, key: str) -> None:
    """Raise `InvalidValue` if a label is not below the number of classes."""
    largest = int(labels.max())
    rule = f"y_{part} must hold labels 0 to {classes - 1}"
    require(largest < classes, key, rule, f"label {largest}")


def check_all_classes(labels: Labels, classes: int, key: str) -> None:
    """Raise `InvalidValue`, naming the classes that are missing, if a class has no example."""
    present = set(np.unique(labels).tolist())
    if len(present) == classes:
        return
    # Labels of a million classes, none of which has an example, must not be walked through.
    candidates = range(min(classes, len(present) + _MISSING_SHOWN))
    missing = [str(label) for label in candidates if label not in present]
    shown = ", ".join(missing[:_MISSING_SHOWN])
    rule = f"y_train must have examples of every class 0 to {classes - 1}"
    raise InvalidValue(key, rule, f"none of class {shown}")
