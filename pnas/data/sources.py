"""The named data sets and npz files: a specification in, checked `RawData` out."""

import gzip
import zipfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.data.data_spec import ArraySpec, DataSpec, NpzSpec
from pnas.data.pixel_range import BYTE, DIGITS
from pnas.data.raw_data import RawData, RawPart, raw_from_arrays
from pnas.errors import InvalidValue, MalformedFile, require
from pnas.system.bounded_files import read_arrays


class Published(NamedTuple):
    """What is known of a published data set without having it; its classes are of equal size.

    Attributes:
        image_shape: (height, width, channels).
        num_classes: Number of classes.
        train: Number of images of the train part.
        test: Number of images of the test part.
    """

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
    """Return 1,797 handwritten digits of 8x8 pixels, embedded in scikit-learn (UCI, public)."""
    pixels, labels = _pixels_and_labels_of_digits()
    images = pixels.reshape(-1, 8, 8).astype(np.uint8)
    raw = raw_from_arrays({"x_train": images, "y_train": labels}, "data.name")
    return replace(raw, pixel_range=DIGITS)


def _pixels_and_labels_of_digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return what `sklearn.datasets.load_digits` does, from the file that it reads.

    The import of scikit-learn, and of pandas by it, would take a fifth of the time of a command and
    half a second of every worker.
    """
    package = find_spec("sklearn")
    folder = Path(str(package.origin)).parent if package is not None else Path()
    file = folder / "datasets" / "data" / "digits.csv.gz"
    if not file.is_file():
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        return pixels, labels

    with gzip.open(file, "rt") as lines:
        table = np.loadtxt(lines, delimiter=",")
    return table[:, :-1], table[:, -1].astype(np.int64)


def npz(spec: NpzSpec) -> RawData:
    """Return the arrays of a local ``.npz`` file, checked.

    Raises:
        InvalidValue: A file that cannot be read, or arrays that do not fit.
    """
    arrays = read_npz(spec.path or "")
    return raw_from_arrays(arrays, "data.path", pixel_range=spec.pixel_range)


def keras_set(spec: ArraySpec) -> RawData:
    """Return Fashion-MNIST, CIFAR-10 or CIFAR-100, from ``spec.path`` or else downloaded by Keras.

    Raises:
        InvalidValue: A file of other images, or a download that fails.
    """
    published = KERAS_SETS[spec.name]
    arrays = read_npz(spec.path) if spec.path else _download(spec.name)
    pixel_range = spec.pixel_range if spec.path else "byte"
    raw = raw_from_arrays(arrays, "data.path", published.num_classes, pixel_range)

    shape = raw.parts["train"].x.shape[1:]
    rule = f"must hold {published.image_shape} images with data={spec.name}"
    require(shape == published.image_shape, "data.path", rule, shape)
    return raw


def published_outline(name: str) -> RawData:
    """Return the shapes and label counts of a data set that need not be here.

    Its images take no memory, and all of their pixels are zero.
    """
    published = KERAS_SETS[name]
    parts = {}
    for part, count in (("train", published.train), ("test", published.test)):
        images = np.broadcast_to(np.uint8(0), (count, *published.image_shape))
        labels = np.arange(count) % published.num_classes
        parts[part] = RawPart(images, labels.astype(np.int32))
    return RawData(parts, published.num_classes, pixel_range=BYTE)


def read_npz(path: str) -> dict[str, Any]:
    """Return every array of an ``.npz`` file, by name.

    Pickled objects are refused: reading them runs their code.

    Raises:
        InvalidValue: No such file, not an npz archive, damaged, or holding something else than
            plain arrays.
    """
    file = Path(path).expanduser()
    require(file.is_file(), "data.path", "must be an .npz file that exists", path)
    _check_readable(file, path)
    rule = "must be an .npz archive, as numpy.savez writes it"
    require(zipfile.is_zipfile(file), "data.path", rule, path)

    try:
        return read_arrays(file)
    except MalformedFile as error:
        # The key says which file it is.
        reason = " ".join(str(error).removeprefix(f"{file}").lstrip(": ").split())
        raise InvalidValue("data.path", f"must be readable ({reason})", path) from error


def _check_readable(file: Path, path: str) -> None:
    try:
        file.open("rb").close()
    except OSError as error:
        rule = f"must be readable ({error.strerror})"
        raise InvalidValue("data.path", rule, path) from error


def _download(name: str) -> dict[str, Any]:
    import keras  # imports TensorFlow: seconds

    try:
        train, test = getattr(keras.datasets, name).load_data()
    except Exception as error:  # keras raises a bare Exception when a download fails
        reason = " ".join(str(error).split())
        rule = f"must name a local .npz file, since {name} could not be downloaded ({reason})"
        raise InvalidValue("data.path", rule, None) from error
    return {"x_train": train[0], "y_train": train[1], "x_test": test[0], "y_test": test[1]}
