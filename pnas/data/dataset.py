"""Dataset: images and labels in three parts, ready to train on."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pnas.data.normalisation import Floats, Images, normalise_in_place
from pnas.data.pixel_range import PixelRange
from pnas.errors import require

PARTS = ("train", "val", "test")
Labels = NDArray[np.int32]
"""(examples,), classes 0..num_classes-1."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Normalised images with labels, in three parts: training, validation and test.

    Rewards are measured on the validation part; no search step reads the test part. Examples are
    in the order of the source (an image folder's are sorted by class): shuffle while training. The
    arrays must not be written to.

    Attributes:
        name: Name of the source.
        x_train, x_val, x_test: float32, (examples, height, width, channels). ``x_test`` may be
            None.
        y_train, y_val, y_test: int32, (examples,). ``y_test`` is None exactly if ``x_test`` is.
        num_classes: Number of classes; labels are 0..num_classes-1.
        mean, std: float32, (channels,), of the train part's raw images; all images are
            ``(raw - mean) / std``. None if they were made some other way.
        class_names: Name of each class, in the order of the labels, or None.
        pixel_range: Values of black and white in the raw images, or None if that is not known.
        largest_val: Examples that the validation part could have while the other parts keep their
            sizes; None if that is not known.
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
    pixel_range: PixelRange | None = None
    largest_val: int | None = None

    def __post_init__(self) -> None:
        shape = self.x_train.shape
        require(self.x_train.ndim == 4, "dataset.x_train", "must be (n, H, W, C)", shape)

        has_both_or_none = (self.x_test is None) == (self.y_test is None)
        rule = "must be given if and only if x_test is"
        require(has_both_or_none, "dataset.y_test", rule, self.y_test)

        for part, (images, labels) in self._parts().items():
            _check_images(part, images, self.image_shape)
            _check_labels(part, labels, len(images), self.num_classes)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape of an image: (height, width, channels)."""
        height, width, channels = self.x_train.shape[1:]
        return height, width, channels

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify images, labels, split and normalisation."""
        arrays: list[NDArray[np.generic] | None] = []
        for images, labels in self._parts().values():
            arrays += [images, labels]
        arrays += [self.mean, self.std]

        digest = hashlib.sha256(str(self.num_classes).encode())
        for array in arrays:
            if array is None:
                digest.update(b"none")
                continue
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        if self.pixel_range is not None and not self.pixel_range.is_former:
            digest.update(repr(self.pixel_range).encode())
        return digest.hexdigest()[:16]

    def normalise(self, raw: NDArray[np.generic]) -> Images:
        """Return raw images on the scale that children are trained on.

        Args:
            raw: (n, height, width, channels), with the pixel values of the source.
        """
        images = raw.astype(np.float32)
        if self.mean is not None and self.std is not None:
            normalise_in_place(images, self.mean, self.std)
        return images

    def _parts(self) -> dict[str, tuple[Images, Labels]]:
        parts = {"train": (self.x_train, self.y_train), "val": (self.x_val, self.y_val)}
        if self.x_test is not None and self.y_test is not None:
            parts["test"] = (self.x_test, self.y_test)
        return parts


def _check_images(part: str, images: Images, image_shape: tuple[int, int, int]) -> None:
    key = f"dataset.x_{part}"
    require(images.dtype == np.float32, key, "must be float32", str(images.dtype))

    sizes = ", ".join(str(size) for size in image_shape)
    require(images.shape[1:] == image_shape, key, f"must be (n, {sizes})", images.shape)


def _check_labels(part: str, labels: Labels, count: int, num_classes: int) -> None:
    key = f"dataset.y_{part}"
    require(labels.dtype == np.int32, key, "must be int32", str(labels.dtype))
    require(
        labels.shape == (count,), key, f"must have the length of x_{part}, {count}", labels.shape
    )
    require(count > 0, key, "must have at least 1 example", count)

    smallest = int(labels.min())
    largest = int(labels.max())
    is_in_range = smallest >= 0 and largest < num_classes
    require(is_in_range, key, f"must be 0..{num_classes - 1}", (smallest, largest))
