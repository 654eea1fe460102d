"""Dataset: images and labels in three parts, ready to train on."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.errors import require

Images = NDArray[np.float32]
"""(examples, height, width, channels), normalised."""
Labels = NDArray[np.int32]
"""(examples,), classes 0..num_classes-1."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Normalised images with labels: one part to train on, one to measure rewards on, one no search reads.

    Examples are in the source's order (an image folder's are sorted by class): shuffle while training.
    The arrays must not be written to.

    Attributes:
        name: the source's name.
        x_train, x_val, x_test: float32, (examples, height, width, channels). ``x_test`` may be None.
        y_train, y_val, y_test: int32, (examples,). ``y_test`` is None exactly if ``x_test`` is.
        num_classes: labels are 0..num_classes-1.
        mean, std: float32, (channels,), of the train part's raw images; all are now ``(raw - mean) / std``.
            None if they were made some other way.
        class_names: one a class, in label order, or None.
    """

    name: str
    x_train: Images
    y_train: Labels
    x_val: Images
    y_val: Labels
    x_test: Images | None
    y_test: Labels | None
    num_classes: int
    mean: Floats | None = None
    std: Floats | None = None
    class_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        require(
            self.x_train.ndim == 4, "dataset.x_train", "must be (n, H, W, C)", self.x_train.shape
        )
        has_both = (self.x_test is None) == (self.y_test is None)
        require(has_both, "dataset.y_test", "must be given if and only if x_test is", self.y_test)
        for part, (x, y) in self._parts().items():
            _check_part(part, x, y, self.image_shape, self.num_classes)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)"""
        height, width, channels = self.x_train.shape[1:]
        return height, width, channels

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify images, labels, split and normalisation, but not the name."""
        digest = hashlib.sha256(str(self.num_classes).encode())
        arrays = [array for part in self._parts().values() for array in part]
        for array in (*arrays, self.mean, self.std):
            if array is None:
                digest.update(b"none")
                continue
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]

    def normalise(self, raw: NDArray[np.generic]) -> Images:
        """Raw (n, H, W, C) images, as they were before loading, on the scale that children are trained on."""
        images = raw.astype(np.float32)
        if self.mean is not None and self.std is not None:
            normalise_in_place(images, self.mean, self.std)
        return images

    def _parts(self) -> dict[str, tuple[Images, Labels]]:
        parts = {"train": (self.x_train, self.y_train), "val": (self.x_val, self.y_val)}
        if self.x_test is not None and self.y_test is not None:
            parts["test"] = (self.x_test, self.y_test)
        return parts


def _check_part(
    part: str, x: Images, y: Labels, image_shape: tuple[int, int, int], num_classes: int
) -> None:
    x_key = f"dataset.x_{part}"
    y_key = f"dataset.y_{part}"
    require(x.dtype == np.float32, x_key, "must be float32", str(x.dtype))
    require(
        x.shape[1:] == image_shape,
        x_key,
        f"must be (n, {', '.join(map(str, image_shape))})",
        x.shape,
    )
    require(y.dtype == np.int32, y_key, "must be int32", str(y.dtype))
    require(y.shape == x.shape[:1], y_key, f"must have the length of x_{part}, {len(x)}", y.shape)
    require(len(y) > 0, y_key, "must have at least 1 example", len(y))
    in_range = y.min() >= 0 and y.max() < num_classes
    require(in_range, y_key, f"must be 0..{num_classes - 1}", (int(y.min()), int(y.max())))


def channel_statistics(images: Images) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each channel of (n, H, W, C) images.

    The deviation of a channel that is constant (up to rounding) is 1, which leaves other parts their scale.
    Summed in float64 and rounded to float32, so that machines with other vector units find the same bits.
    """
    count = images.size // images.shape[-1]
    mean = images.sum(axis=0, dtype=np.float64).sum(axis=(0, 1)) / count
    square = np.zeros_like(mean)
    for start in range(
        0, len(images), 1024
    ):  # in chunks: a float64 copy of all would be twice the data
        chunk = images[start : start + 1024]
        square += np.square(chunk - _for_each_pixel(mean, images)).sum(axis=0).sum(axis=(0, 1))
    std = np.sqrt(square / count).astype(np.float32)
    return mean.astype(np.float32), np.where(std > 1e-6 * np.abs(mean), std, np.float32(1))


def normalise_in_place(images: Images, mean: Floats, std: Floats) -> None:
    """Make ``images`` ``(images - mean) / std`` without a copy of what may be most of the memory."""
    images -= _for_each_pixel(mean, images)
    images /= _for_each_pixel(std, images)


def _for_each_pixel(values: NDArray[Any], images: Images) -> NDArray[Any]:
    """(C,) values as (H, W, C): numpy then loops over whole images, not over C at a time."""
    return np.tile(values, (*images.shape[1:3], 1))
