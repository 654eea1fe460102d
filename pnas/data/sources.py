"""The named data sets and npz files: a `DataSpec` in, checked `RawData` out."""

import zipfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pnas.data.data_spec import DataSpec, FileSpec, NpzSpec
from pnas.data.raw_data import RawData, RawPart, raw_from_arrays
from pnas.errors import InvalidValue, require

_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


class Published(NamedTuple):
    """What is known of a published data set without having it; its classes are of equal size."""

    image_shape: tuple[int, int, int]
    num_classes: int
    train: int
    test: int


KERAS_SETS = {
    "fashion_mnist": Published((28, 28, 1), 10, 60_000, 10_000),
    "cifar10": Published((32, 32, 3), 10, 50_000, 10_000),
    "cifar100": Published((32, 32, 3), 100, 50_000, 10_000),
}


def digits(_: DataSpec) -> RawData:
    """1,797 handwritten digits of 8x8 pixels, embedded in scikit-learn (UCI ML repository, public)."""
    from sklearn.datasets import load_digits  # takes a second

    x, y = load_digits(return_X_y=True)
    return raw_from_arrays(
        {"x_train": x.reshape(-1, 8, 8).astype(np.uint8), "y_train": y}, "data.name"
    )


def npz(spec: NpzSpec) -> RawData:
    """A local ``.npz`` file: x_train, y_train, and perhaps x_val, y_val, x_test, y_test."""
    return raw_from_arrays(read_npz(spec.path or ""), "data.path")


def keras_set(spec: FileSpec) -> RawData:
    """Fashion-MNIST, CIFAR-10 or CIFAR-100: from ``spec.path`` if given, else downloaded once by Keras."""
    published = KERAS_SETS[spec.name]
    arrays = read_npz(spec.path) if spec.path else _download(spec.name)
    raw = raw_from_arrays(arrays, "data.path", published.num_classes)
    shape = raw.parts["train"].x.shape[1:]
    rule = f"must hold {published.image_shape} images with data.name={spec.name}"
    require(shape == published.image_shape, "data.path", rule, shape)
    return raw


def published_outline(name: str) -> RawData:
    """The shapes and label counts of a data set that need not be here: images of no memory, all zero."""
    published = KERAS_SETS[name]
    parts = {
        part: RawPart(
            np.broadcast_to(np.uint8(0), (count, *published.image_shape)),
            (np.arange(count) % published.num_classes).astype(np.int32),
        )
        for part, count in (("train", published.train), ("test", published.test))
    }
    return RawData(parts, published.num_classes)


def read_npz(path: str) -> dict[str, Any]:
    """Every array of an ``.npz`` file, by name. Pickled objects are refused: reading them runs their code.

    Raises:
        InvalidValue: no such file, not an npz archive, damaged, or holding something else than plain arrays.
    """
    file = Path(path).expanduser()
    require(file.is_file(), "data.path", "must be an .npz file that exists", path)
    require(
        zipfile.is_zipfile(file),
        "data.path",
        "must be an .npz archive, as numpy.savez writes it",
        path,
    )
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except _UNREADABLE as error:
        why = " ".join(str(error).split())
        is_pickled = "allow_pickle" in why
        rule = (
            "must hold plain arrays, not pickled objects"
            if is_pickled
            else f"must be readable ({why})"
        )
        raise InvalidValue("data.path", rule, path) from error
    strange = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    require(not strange, "data.path", "must hold arrays only", ", ".join(strange))
    return arrays


def _download(name: str) -> dict[str, Any]:
    import keras  # imports TensorFlow: seconds

    try:
        train, test = getattr(keras.datasets, name).load_data()
    except Exception as error:  # keras raises a bare Exception when a download fails
        why = " ".join(str(error).split())
        rule = f"must name a local .npz file, since {name} could not be downloaded ({why})"
        raise InvalidValue("data.path", rule, None) from error
    return {"x_train": train[0], "y_train": train[1], "x_test": test[0], "y_test": test[1]}
