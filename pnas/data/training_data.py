"""The three parts that a long training reads, with images in memory or still on the disk."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pnas.data.dataset import Dataset, Labels
from pnas.data.normalisation import Floats, Images
from pnas.data.pixel_range import BYTE, UNIT, PixelRange

_SAMPLE = 256
"""Images in which the largest pixel is looked for."""


class ImageRows(Protocol):
    """Normalised float32 images by their rows, from memory or from files."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: NDArray[np.int64], /) -> Images: ...


class Part(NamedTuple):
    """Images with their labels.

    Attributes:
        images: (n, height, width, channels), normalised.
        labels: (n,).
    """

    images: ImageRows
    labels: Labels

    @property
    def is_in_memory(self) -> bool:
        """Whether the images are an array, not files."""
        return isinstance(self.images, np.ndarray)


@dataclass(frozen=True)
class Parts:
    """What a long training reads.

    Attributes:
        name: Name of the source.
        train, val, test: Images and labels; ``test`` may be None.
        num_classes: Number of classes; labels are 0..num_classes-1.
        fingerprint: Identifies images, labels, split and normalisation.
        mean, std: (channels,), of the train part's raw images; None if the images were made some
            other way.
        class_names: Name of each class, in the order of the labels, or None.
        pixel_range: Values of black and white in the raw images.
    """

    name: str
    train: Part
    val: Part
    test: Part | None
    num_classes: int
    fingerprint: str
    mean: Floats | None
    std: Floats | None
    class_names: tuple[str, ...] | None
    pixel_range: PixelRange

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape of an image: (height, width, channels)."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    def with_val_in_train(self) -> "Parts":
        """Return the same data, with the validation part in the train part too.

        The statistics stay those of the train part alone.
        """
        images: ImageRows = JoinedImages(self.train.images, self.val.images)
        if self.train.is_in_memory and self.val.is_in_memory:
            images = np.concatenate([self.train.images, self.val.images])
        labels = np.concatenate([self.train.labels, self.val.labels])
        return replace(self, train=Part(images, labels))


@dataclass(frozen=True)
class JoinedImages:
    """The rows of ``first``, then those of ``second``."""

    first: ImageRows
    second: ImageRows

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)"""
        count = self.first.shape[0] + self.second.shape[0]
        return (count, *self.first.shape[1:])

    def __getitem__(self, rows: NDArray[np.int64]) -> Images:
        images = np.empty((len(rows), *self.first.shape[1:]), np.float32)
        count = self.first.shape[0]
        is_first = rows < count
        images[is_first] = self.first[rows[is_first]]
        images[~is_first] = self.second[rows[~is_first] - count]
        return images


def in_memory(dataset: Dataset) -> Parts:
    """Return the parts of a data set that is in memory already."""
    test = None
    if dataset.x_test is not None and dataset.y_test is not None:
        test = Part(dataset.x_test, dataset.y_test)
    return Parts(
        name=dataset.name,
        train=Part(dataset.x_train, dataset.y_train),
        val=Part(dataset.x_val, dataset.y_val),
        test=test,
        num_classes=dataset.num_classes,
        fingerprint=dataset.fingerprint,
        mean=dataset.mean,
        std=dataset.std,
        class_names=dataset.class_names,
        pixel_range=dataset.pixel_range or _guess_range(dataset),
    )


def _guess_range(dataset: Dataset) -> PixelRange:
    """The range of images whose source does not say it: 0..1 if their pixels fit, else 0..255."""
    if dataset.mean is None or dataset.std is None:
        return UNIT
    raw = dataset.x_train[:_SAMPLE] * dataset.std + dataset.mean
    is_unit = float(raw.max()) <= 1.0 + 1e-3  # normalising and undoing it rounds
    return UNIT if is_unit else BYTE
