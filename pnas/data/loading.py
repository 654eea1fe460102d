"""From a name or a `DataSpec` to a `Dataset`: read, check, split, normalise."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.data import sources
from pnas.data.data_spec import DataSpec, FileSpec, HeldOutSpec
from pnas.data.dataset import Dataset, Images, Labels, channel_statistics, normalise_in_place
from pnas.data.raw_data import RawData, raw_from_arrays
from pnas.data.registry import DATASETS
from pnas.data.splitting import Pick, plan_split
from pnas.errors import require


@dataclass(frozen=True)
class DataInfo:
    """What can be known of data without loading all of it: sizes of images and parts (``test`` may be 0)."""

    name: str
    image_shape: tuple[int, int, int]
    num_classes: int
    train: int
    val: int
    test: int


def load_dataset(spec: DataSpec | str, **overrides: Any) -> Dataset:
    """Load, split and normalise the data that ``spec`` describes.

    Args:
        spec: a `DataSpec`, or the name of a source: ``load_dataset("digits")``.
        overrides: values of `DataSpec` to use instead: ``load_dataset("npz", path="mine.npz")``.

    Raises:
        InvalidValue: values, files or arrays that do not fit; the key is that of the command line.
    """
    spec = resolve_spec(spec, overrides)
    raw = read_source(spec)
    return _make_dataset(raw, plan_split(_labels(raw), spec), spec.name)


def check_data(spec: DataSpec | str, **overrides: Any) -> DataInfo:
    """Run every check of `load_dataset` that needs no download and no decoding of image files.

    A local npz file is read and checked whole; of an image folder, the headers; of a data set that would be
    downloaded, nothing but the requested sizes against the published ones.

    Raises:
        InvalidValue: as `load_dataset`.
    """
    spec = resolve_spec(spec, overrides)
    is_remote = spec.name in sources.KERAS_SETS and getattr(spec, "path", None) is None
    raw = sources.published_outline(spec.name) if is_remote else read_source(spec)
    picks = plan_split(_labels(raw), spec)
    sizes = {part: len(pick.indices) for part, pick in picks.items()}
    height, width, channels = raw.parts["train"].x.shape[1:]
    shape = (height, width, channels)
    return DataInfo(
        spec.name, shape, raw.num_classes, sizes["train"], sizes["val"], sizes.get("test", 0)
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
    """A `Dataset` from arrays in memory, checked, split and normalised as those of an npz file.

    Args:
        x_train, x_val, x_test: raw images, (n, H, W) or (n, H, W, C), uint8 or float.
        y_train, y_val, y_test: integer, (n,), or one-hot, (n, classes).
        options: sizes, fractions and ``split_seed`` of `DataSpec`, and ``name``.

    Raises:
        InvalidValue: arrays or options that do not fit.
    """
    named = {"x_train": x_train, "y_train": y_train, "x_val": x_val, "y_val": y_val}
    named |= {"x_test": x_test, "y_test": y_test}
    spec = make_spec(HeldOutSpec, {"name": "arrays", **options})
    raw = raw_from_arrays(
        {name: array for name, array in named.items() if array is not None}, "arrays"
    )
    return _make_dataset(raw, plan_split(_labels(raw), spec), spec.name)


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
    known = [field.name for field in fields(kind)]
    plain = dict(values)
    for key, value in values.items():
        require(key in known, f"data.{key}", f"must be one of {', '.join(known)}", value)
        if isinstance(value, Path):
            plain[key] = str(value)
    return kind(**plain)


def read_source(spec: DataSpec) -> RawData:
    """Return what the source of ``spec`` gives, checked, before splitting and normalising."""
    source: Callable[[DataSpec], RawData] = DATASETS.factory(spec.name)
    return source(spec)


def _labels(raw: RawData) -> dict[str, Labels]:
    return {part: given.y for part, given in raw.parts.items()}


def _make_dataset(raw: RawData, picks: dict[str, Pick], name: str) -> Dataset:
    x_train, y_train = _rows(raw, picks["train"])
    mean, std = channel_statistics(x_train)
    parts = {"train": (x_train, y_train)}
    parts |= {part: _rows(raw, pick) for part, pick in picks.items() if part != "train"}
    for images, _ in parts.values():
        normalise_in_place(images, mean, std)
    x_test, y_test = parts.get("test", (None, None))
    return Dataset(
        name,
        *parts["train"],
        *parts["val"],
        x_test,
        y_test,
        raw.num_classes,
        mean,
        std,
        raw.class_names,
    )


def _rows(raw: RawData, pick: Pick) -> tuple[Images, Labels]:
    given = raw.parts[pick.given]
    return given.x[pick.indices].astype(np.float32, copy=False), given.y[pick.indices]
