"""From a name or a specification to a `Dataset`: read, check, split, normalise."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.data import sources
from pnas.data.data_notes import class_counts, image_notes, rows_to_compare, split_notes
from pnas.data.data_spec import DataSpec, FileSpec, HeldOutSpec, ImageFolderSpec
from pnas.data.dataset import Dataset, Labels
from pnas.data.image_folder import image_folder
from pnas.data.normalisation import Images, channel_statistics, normalise_in_place
from pnas.data.raw_data import RawData, raw_from_arrays
from pnas.data.registry import DATASETS
from pnas.data.splitting import Pick, largest_validation_part, plan_split
from pnas.errors import require


@dataclass(frozen=True)
class DataInfo:
    """What can be known of data without loading all of it.

    Attributes:
        name: Name of the source.
        image_shape: (height, width, channels).
        num_classes: Number of classes.
        train, val, test: Number of examples of each part; ``test`` may be 0.
        class_names: Name of each class; its number if the source gives no names.
        class_counts: Number of examples of each class, by part.
        notes: What people should know of the data before anything is trained on it.
    """

    name: str
    image_shape: tuple[int, int, int]
    num_classes: int
    train: int
    val: int
    test: int
    class_names: tuple[str, ...] = ()
    class_counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def load_dataset(spec: DataSpec | str, **overrides: Any) -> Dataset:
    """Load, split and normalise the data that ``spec`` describes.

    Args:
        spec: A specification, or the name of a source: ``load_dataset("digits")``.
        overrides: Values to use instead of those of ``spec``:
            ``load_dataset("npz", path="mine.npz")``.

    Raises:
        InvalidValue: Values, files or arrays that do not fit; the key is that of the command line.
    """
    resolved = resolve_spec(spec, overrides)
    raw = read_source(resolved)
    picks = plan_split(raw.labels(), resolved, raw.class_names, raw.notes)
    return _make_dataset(raw, picks, resolved.name)


def check_data(spec: DataSpec | str, *, read_pixels: bool = False, **overrides: Any) -> DataInfo:
    """Run every check of `load_dataset` that needs no download and no decoding of image files.

    A local npz file is read and checked whole; of an image folder, the headers; of a data set that
    would be downloaded, the requested sizes are checked against the published ones.

    Args:
        spec: A specification, or the name of a source.
        read_pixels: Whether to decode every image file as well, to find those that are damaged.
        overrides: Values to use instead of those of ``spec``.

    Raises:
        InvalidValue: As `load_dataset`.
    """
    resolved = resolve_spec(spec, overrides)
    is_downloaded = resolved.name in sources.KERAS_SETS and _path_of(resolved) is None
    if is_downloaded:
        raw = sources.published_outline(resolved.name)
    elif read_pixels and isinstance(resolved, ImageFolderSpec):
        raw = image_folder(resolved, read_pixels=True)
    else:
        raw = read_source(resolved)
    picks = plan_split(raw.labels(), resolved, raw.class_names, raw.notes)

    names = raw.class_names or tuple(str(label) for label in range(raw.num_classes))
    counts = class_counts(raw, picks)
    notes = [*raw.notes, *split_notes(counts, names)]
    images = raw.parts["train"].x
    is_read = read_pixels or isinstance(images, np.ndarray)
    if is_read and not is_downloaded:
        notes += image_notes(images[rows_to_compare(len(raw.parts["train"].y))])

    height, width, channels = raw.parts["train"].x.shape[1:]
    return DataInfo(
        name=resolved.name,
        image_shape=(height, width, channels),
        num_classes=raw.num_classes,
        train=len(picks["train"].indices),
        val=len(picks["val"].indices),
        test=len(picks["test"].indices) if "test" in picks else 0,
        class_names=names,
        class_counts=counts,
        notes=tuple(notes),
    )


def dataset_from_arrays(
    x_train: NDArray[Any],
    y_train: NDArray[Any],
    x_val: NDArray[Any] | None = None,
    y_val: NDArray[Any] | None = None,
    x_test: NDArray[Any] | None = None,
    y_test: NDArray[Any] | None = None,
    **options: Any,
) -> Dataset:
    """Return a `Dataset` from arrays in memory, checked, split and normalised as an npz file's.

    Args:
        x_train, x_val, x_test: Raw images, (n, H, W) or (n, H, W, C), uint8 or float.
        y_train, y_val, y_test: Labels: integer, (n,), or one-hot, (n, classes).
        options: Sizes, fractions and ``split_seed`` of `HeldOutSpec`, and ``name``.

    Raises:
        InvalidValue: Arrays or options that do not fit.
    """
    given = {"x_train": x_train, "y_train": y_train, "x_val": x_val, "y_val": y_val}
    given |= {"x_test": x_test, "y_test": y_test}
    arrays = {name: array for name, array in given.items() if array is not None}

    spec = make_spec(HeldOutSpec, {"name": "arrays", **options})
    raw = raw_from_arrays(arrays, "arrays")
    return _make_dataset(raw, plan_split(raw.labels(), spec, raw.class_names, raw.notes), spec.name)


def resolve_spec(spec: DataSpec | str, overrides: Mapping[str, Any]) -> DataSpec:
    """Return ``spec`` with its overrides and the default sizes of its source.

    Raises:
        InvalidValue: A source, a key or a value that does not exist.
    """
    given = {"name": spec} if isinstance(spec, str) else asdict(spec)
    values = {**given, **overrides}
    kind = DATASETS.spec(values["name"], FileSpec)
    return make_spec(kind, values).with_default_sizes()


def make_spec(kind: type[DataSpec], values: Mapping[str, Any]) -> DataSpec:
    """Return the specification ``kind`` with ``values``, whose path may be a `pathlib.Path`.

    Raises:
        InvalidValue: A key that ``kind`` does not have, or a value that breaks a rule.
    """
    known = [each.name for each in fields(kind)]
    plain = dict(values)
    for key, value in values.items():
        require(key in known, f"data.{key}", f"must be one of {', '.join(known)}", value)
        if isinstance(value, Path):
            plain[key] = str(value)
    return kind(**plain)


def read_source(spec: DataSpec) -> RawData:
    """Return what the source of ``spec`` gives, checked, before splitting and normalising."""
    raw: RawData = DATASETS.make(spec.name, RawData, spec)
    require("train" in raw.parts, "data.name", f"{spec.name} must have a part train", [*raw.parts])
    for part, (images, labels) in raw.parts.items():
        is_whole = len(images.shape) == 4 and images.shape[0] == len(labels)
        rule = f"{spec.name} must have (n, H, W, C) images and n labels in its part {part}"
        received = f"{tuple(images.shape)} images, {len(labels)} labels"
        require(is_whole, "data.name", rule, received)
    return raw


def _path_of(spec: DataSpec) -> str | None:
    return spec.path if isinstance(spec, FileSpec) else None


def _make_dataset(raw: RawData, picks: dict[str, Pick], name: str) -> Dataset:
    """Take the rows of each part, and normalise all by the statistics of the train part."""
    x_train, y_train = _rows(raw, picks["train"])
    x_val, y_val = _rows(raw, picks["val"])
    x_test: Images | None = None
    y_test: Labels | None = None
    if "test" in picks:
        x_test, y_test = _rows(raw, picks["test"])

    mean, std = channel_statistics(x_train)
    for images in (x_train, x_val, x_test):
        if images is not None:
            normalise_in_place(images, mean, std)

    return Dataset(
        name=name,
        x_train=x_train,
        y_train=y_train,
        x_val=x_val,
        y_val=y_val,
        x_test=x_test,
        y_test=y_test,
        num_classes=raw.num_classes,
        mean=mean,
        std=std,
        class_names=raw.class_names,
        pixel_range=raw.pixel_range,
        largest_val=largest_validation_part(raw.labels(), picks),
    )


def _rows(raw: RawData, pick: Pick) -> tuple[Images, Labels]:
    given = raw.parts[pick.given]
    # Taking rows by indices makes a copy, which is then normalised in place.
    images = given.x[pick.indices].astype(np.float32, copy=False)
    return images, given.y[pick.indices]
