"""Image folders that are too large for the memory: images are read when a training needs them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pnas.data.data_spec import DataSpec, ImageFolderSpec
from pnas.data.image_files import BadImage, ImageFiles, refuse_bad_images
from pnas.data.image_folder import image_folder
from pnas.data.loading import load_dataset
from pnas.data.normalisation import Floats, Images, normalise_in_place, streamed_statistics
from pnas.data.pixel_range import BYTE
from pnas.data.raw_data import RawData, RawImages
from pnas.data.splitting import Pick, plan_split
from pnas.data.training_data import Part, Parts, in_memory
from pnas.seeds import derive_seed

LARGEST_IN_MEMORY = 2**31
"""Bytes of float32 images up to which a folder is held in memory if ``data.stream`` is null."""
STATISTICS_FROM = 20_000
"""Train images, at most, that the statistics of a streamed folder are taken from."""


@dataclass(frozen=True)
class StreamedImages:
    """Rows of raw images, read and normalised when they are taken.

    Attributes:
        raw: All images of the source's part.
        rows: Those that belong to this part.
        mean, std: (channels,), of the train part.
    """

    raw: RawImages
    rows: NDArray[np.int64]
    mean: Floats
    std: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)"""
        return (len(self.rows), *self.raw.shape[1:])

    def files(self) -> ImageFiles:
        """Return the image files of this part alone."""
        assert isinstance(self.raw, ImageFiles)
        paths = tuple(self.raw.paths[row] for row in self.rows)
        return ImageFiles(paths, self.raw.decoding)

    def __getitem__(self, rows: NDArray[np.int64]) -> Images:
        images = self.raw[self.rows[rows]].astype(np.float32)
        normalise_in_place(images, self.mean, self.std)
        return images


def open_parts(spec: DataSpec) -> Parts:
    """Return the data that ``spec`` describes, in memory or streamed from the disk.

    A folder is streamed if ``data.stream`` says so, or if it is null and the images are larger
    than `LARGEST_IN_MEMORY`.

    Raises:
        InvalidValue: As `pnas.data.load_dataset`.
    """
    if not isinstance(spec, ImageFolderSpec) or spec.stream is False:
        return in_memory(load_dataset(spec))

    raw = image_folder(spec)
    if spec.stream is None and _bytes_in_memory(raw) <= LARGEST_IN_MEMORY:
        return in_memory(load_dataset(spec))
    return _stream(raw, plan_split(raw.labels(), spec, raw.class_names, raw.notes), spec.name)


def refuse_damaged(parts: Parts) -> None:
    """Decode every streamed image once: a training would meet one that cannot be read late.

    Raises:
        InvalidValue: There are such images.
    """
    bad: list[BadImage] = []
    total = 0
    for part in (parts.train, parts.val, parts.test):
        if part is not None and isinstance(part.images, StreamedImages):
            files = part.images.files()
            bad += files.find_bad()
            total += len(files.paths)
    refuse_bad_images(bad, total)


def _bytes_in_memory(raw: RawData) -> int:
    sizes = [int(np.prod(part.x.shape, dtype=np.int64)) for part in raw.parts.values()]
    return 4 * sum(sizes)  # float32


def _stream(raw: RawData, picks: Mapping[str, Pick], name: str) -> Parts:
    train = picks["train"]
    images = raw.parts[train.given].x
    rows = _rows_for_statistics(train.indices)
    height, width, channels = images.shape[1:]
    mean, std = streamed_statistics(images.__getitem__, rows, (height, width, channels))

    parts = {}
    for part, pick in picks.items():
        given = raw.parts[pick.given]
        streamed = StreamedImages(given.x, pick.indices, mean, std)
        parts[part] = Part(streamed, given.y[pick.indices])

    return Parts(
        name=name,
        train=parts["train"],
        val=parts["val"],
        test=parts.get("test"),
        num_classes=raw.num_classes,
        fingerprint=_fingerprint(parts, mean, std),
        mean=mean,
        std=std,
        class_names=raw.class_names,
        pixel_range=BYTE,
    )


def _rows_for_statistics(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """All rows, or a fixed sample where there are very many."""
    if len(rows) <= STATISTICS_FROM:
        return rows
    shuffled = np.random.RandomState(derive_seed(0, "statistics")).permutation(len(rows))
    return np.sort(rows[shuffled[:STATISTICS_FROM]])


def _fingerprint(parts: Mapping[str, Part], mean: Floats, std: Floats) -> str:
    """Identifies names and sizes of files instead of pixels, which would all have to be read."""
    digest = hashlib.sha256(b"streamed")
    for name, (images, labels) in parts.items():
        digest.update(f"{name}{images.shape}".encode() + labels.tobytes())
        if isinstance(images, StreamedImages) and isinstance(images.raw, ImageFiles):
            for row in images.rows:
                path = images.raw.paths[row]
                digest.update(f"{path.name} {path.stat().st_size}".encode())
    digest.update(mean.tobytes() + std.tobytes())
    return digest.hexdigest()[:16]
