"""Parts: the same three parts as a `Dataset`, whose images may stay on the disk until they are needed."""

import hashlib
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pnas.data.data_spec import DataSpec, ImageFolderSpec
from pnas.data.dataset import Dataset, Floats, Images, Labels, normalise_in_place
from pnas.data.image_folder import ImageFiles, image_folder
from pnas.data.loading import load_dataset
from pnas.data.raw_data import RawImages
from pnas.data.splitting import plan_split
from pnas.seeds import derive_seed

LARGEST_IN_MEMORY = 2**31
"""Bytes of float32 images up to which an image folder is held in memory, unless ``data.stream`` says otherwise."""
STATISTICS_FROM = 20_000
"""Train images, at most, that the statistics of a streamed folder are taken from; fewer are taken all."""


class Takes(Protocol):
    """Normalised float32 images by their rows, from memory or from files."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows: NDArray[np.int64], /) -> Images: ...


class Part(NamedTuple):
    """Images with their labels, (n,)."""

    images: Takes
    labels: Labels

    @property
    def is_in_memory(self) -> bool:
        return isinstance(self.images, np.ndarray)


@dataclass(frozen=True)
class StreamedImages:
    """Rows of raw images, read and normalised when they are taken."""

    raw: RawImages
    rows: NDArray[np.int64]
    mean: Floats
    std: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.rows), *self.raw.shape[1:])

    def __getitem__(self, rows: NDArray[np.int64]) -> Images:
        images = self.raw[self.rows[rows]].astype(np.float32)
        normalise_in_place(images, self.mean, self.std)
        return images


@dataclass(frozen=True)
class Parts:
    """What a long training reads.

    Attributes:
        name: the source's name.
        train, val, test: images and labels; ``test`` may be None.
        num_classes: labels are 0..num_classes-1.
        fingerprint: identifies images, labels, split and normalisation.
        mean, std: (channels,), of the train part's raw images; None if the images were made some other way.
        class_names: one a class, or None.
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

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)"""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    @property
    def pixel_range(self) -> float:
        """The raw value of a white pixel: 16 for digits, 1 for float images in [0, 1], else 255."""
        if self.name == "digits":
            return 16.0
        if self.mean is None or self.std is None:
            return 1.0
        sample = self.train.images[np.arange(min(256, len(self.train.labels)))]
        return 1.0 if float((sample * self.std + self.mean).max()) <= 1.0 + 1e-3 else 255.0

    def with_val_in_train(self) -> "Parts":
        """The same, trained on the validation part too; statistics stay those of the train part alone."""
        images = Joined(self.train.images, self.val.images)
        both = (self.train, self.val)
        if all(part.is_in_memory for part in both):
            images = np.concatenate([part.images for part in both])  # type: ignore[assignment]
        labels = np.concatenate([part.labels for part in both])
        return replace(self, train=Part(images, labels))


@dataclass(frozen=True)
class Joined:
    """The rows of ``first``, then those of ``second``."""

    first: Takes
    second: Takes

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.first.shape[0] + self.second.shape[0], *self.first.shape[1:])

    def __getitem__(self, rows: NDArray[np.int64]) -> Images:
        images = np.empty((len(rows), *self.first.shape[1:]), np.float32)
        count = self.first.shape[0]
        early = rows < count
        images[early] = self.first[rows[early]]
        images[~early] = self.second[rows[~early] - count]
        return images


def in_memory(dataset: Dataset) -> Parts:
    """The parts of a data set that is in memory already."""
    test = None
    if dataset.x_test is not None and dataset.y_test is not None:
        test = Part(dataset.x_test, dataset.y_test)
    return Parts(
        dataset.name,
        Part(dataset.x_train, dataset.y_train),
        Part(dataset.x_val, dataset.y_val),
        test,
        dataset.num_classes,
        dataset.fingerprint,
        dataset.mean,
        dataset.std,
        dataset.class_names,
    )


def open_parts(spec: DataSpec) -> Parts:
    """The data that ``spec`` describes: in memory, or streamed from the disk where ``data.stream`` or size say so.

    Raises:
        InvalidValue: as `pnas.data.load_dataset`.
    """
    if not isinstance(spec, ImageFolderSpec) or spec.stream is False:
        return in_memory(load_dataset(spec))
    raw = image_folder(spec)
    size = sum(4 * int(np.prod(part.x.shape, dtype=np.int64)) for part in raw.parts.values())
    if spec.stream is None and size <= LARGEST_IN_MEMORY:
        return in_memory(load_dataset(spec))
    picks = plan_split({part: given.y for part, given in raw.parts.items()}, spec)
    train = picks["train"]
    mean, std = _statistics(raw.parts[train.given].x, train.indices)
    parts = {
        part: Part(
            StreamedImages(raw.parts[pick.given].x, pick.indices, mean, std),
            raw.parts[pick.given].y[pick.indices],
        )
        for part, pick in picks.items()
    }
    return Parts(
        spec.name,
        parts["train"],
        parts["val"],
        parts.get("test"),
        raw.num_classes,
        _fingerprint(parts, mean, std),
        mean,
        std,
        raw.class_names,
    )


def _statistics(images: RawImages, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Mean and deviation of each channel of the ``rows``, or of a fixed sample where there are very many."""
    if len(rows) > STATISTICS_FROM:
        drawn = np.random.RandomState(derive_seed(0, "statistics")).permutation(len(rows))
        rows = np.sort(rows[drawn[:STATISTICS_FROM]])
    height, width, channels = images.shape[1:]
    chunk = max(1, 2**27 // (8 * height * width * channels))  # 128 MB at a time, as float64
    total = square = np.zeros(channels)
    for start in range(0, len(rows), chunk):
        pixels = images[rows[start : start + chunk]].reshape(-1, channels).astype(np.float64)
        total = total + pixels.sum(axis=0)
        square = square + (pixels**2).sum(axis=0)
    count = len(rows) * height * width
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 0)).astype(np.float32)
    return mean.astype(np.float32), np.where(std > 1e-6 * np.abs(mean), std, np.float32(1))


def _fingerprint(parts: dict[str, Part], mean: Floats, std: Floats) -> str:
    """Of names and sizes of files instead of pixels, which would all have to be read."""
    digest = hashlib.sha256(b"streamed")
    for name, (images, labels) in parts.items():
        digest.update(f"{name}{images.shape}".encode() + labels.tobytes())
        if isinstance(images, StreamedImages) and isinstance(images.raw, ImageFiles):
            for row in images.rows:
                path = images.raw.paths[row]
                digest.update(f"{path.name} {path.stat().st_size}".encode())
    digest.update(mean.tobytes() + std.tobytes())
    return digest.hexdigest()[:16]
