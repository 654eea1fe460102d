"""What a source gives, before it is split and normalised."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pnas.data.array_checks import (
    GivenLabels,
    as_images,
    as_labels,
    check_all_classes,
    check_names,
    check_not_masked,
    check_part,
    check_pixel_type,
    check_range,
)
from pnas.data.dataset import PARTS, Labels
from pnas.data.pixel_range import PixelRange, check_scale, resolve_range
from pnas.errors import require


class RawImages(Protocol):
    """(n, H, W, C) images, uint8 or float, read when rows are taken: an array, or files on a disk.

    Only their shape is known before rows are taken, so that data may be larger than the memory.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[Any]: ...


class RawPart(NamedTuple):
    """One part as a source gives it.

    Attributes:
        x: Images, (n, H, W, C).
        y: Labels, (n,).
    """

    x: RawImages
    y: Labels


@dataclass(frozen=True)
class RawData:
    """The parts that a source gives, checked.

    Attributes:
        parts: By name: "train", and perhaps "val" and "test".
        num_classes: Number of classes; labels are 0..num_classes-1.
        class_names: Name of each class, in the order of the labels, or None.
        pixel_range: Values of black and white, or None if the source does not say.
        notes: What people should know of the source, such as files that it leaves out.
    """

    parts: dict[str, RawPart]
    num_classes: int
    class_names: tuple[str, ...] | None = None
    pixel_range: PixelRange | None = None
    notes: tuple[str, ...] = ()

    def labels(self) -> dict[str, Labels]:
        """Return the labels of each part."""
        return {name: part.y for name, part in self.parts.items()}


def raw_from_arrays(
    arrays: Mapping[str, Any],
    key: str,
    num_classes: int | None = None,
    pixel_range: Any = None,
) -> RawData:
    """Check and unify x_train, y_train[, x_val, y_val][, x_test, y_test].

    Args:
        arrays: By name. Images are (n, H, W) or (n, H, W, C) with 1-4 channels, uint8 or float;
            labels are integers, (n,) or (n, 1), or one-hot, (n, classes).
        key: Key that errors name, such as "data.path".
        num_classes: Number of classes that there must be; None: as the train labels say.
        pixel_range: Value of ``data.pixel_range``; None: the source does not say.

    Raises:
        InvalidValue: Names, types, shapes or values that do not fit.
    """
    check_names(arrays, key)
    given: dict[str, NDArray[Any]] = {}
    images: dict[str, NDArray[Any]] = {}
    labels: dict[str, GivenLabels] = {}
    for part in PARTS:
        if f"x_{part}" in arrays:
            check_not_masked(arrays[f"x_{part}"], f"x_{part}", key)
            check_not_masked(arrays[f"y_{part}"], f"y_{part}", key)
            given[part] = np.asarray(arrays[f"x_{part}"])
            images[part] = as_images(given[part], f"x_{part}", key)
            labels[part] = as_labels(np.asarray(arrays[f"y_{part}"]), f"y_{part}", key)

    for part in images:
        check_pixel_type(part, given, key)
        check_part(part, images, labels, key)

    classes = num_classes or labels["train"].num_classes
    require(classes >= 2, key, "y_train must hold at least 2 classes", classes)
    for part in labels:
        check_range(part, labels[part].y, classes, key)
    check_all_classes(labels["train"].y, classes, key)

    parts = {part: RawPart(images[part], labels[part].y.astype(np.int32)) for part in images}
    found = None
    if pixel_range is not None:
        found = resolve_range(pixel_range, images["train"])
        for part in images:
            check_scale(found, images[part], f"x_{part}", key)
    return RawData(parts, classes, pixel_range=found)
