"""The formats of an export, each checked against the trained child before the export exists."""

from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pnas.data import Parts
from pnas.errors import PnasError, require
from pnas.runs.trained_child import TrainedChild
from pnas.tracking.model_registration import write_mlflow

if TYPE_CHECKING:
    import keras

CHECKED_EXAMPLES = 64
"""Number of validation images on which every format must agree with the trained child."""

TOLERANCE = 1e-4
"""Largest difference of a probability: formats run other kernels, in another order of sums."""

_PACKAGES = {"onnx": ("tf2onnx", "onnxruntime")}
"""Packages that a format needs besides those that pnas always has."""

Images = NDArray[np.float32]
Predict = Callable[[Images], Images]
Differences = dict[str, float]
"""Largest difference of a probability from the trained child's, by format."""


class ExportFailed(PnasError):
    """A format could not be written, or predicts otherwise than the trained child."""

    exit_code = 1


def check_packages(formats: Sequence[str]) -> None:
    """Check that what the formats need is installed.

    Raises:
        InvalidValue: A package is missing.
    """
    for name in formats:
        needed = _PACKAGES.get(name, ())
        missing = [package for package in needed if find_spec(package) is None]
        rule = f"{name} needs the packages {', '.join(missing)}: pip install 'pnas[onnx]'"
        require(not missing, "task.formats", rule, name)


def write_formats(
    child: TrainedChild, data: Parts, formats: Sequence[str], folder: Path
) -> Differences:
    """Write every format to ``folder``, and predict with what was written.

    Args:
        child: Trained child, with its data.
        data: Data that it was trained on.
        formats: Names of formats.
        folder: Folder to write to.

    Raises:
        ExportFailed: A format could not be written, or differs by more than `TOLERANCE`.
    """
    import keras

    trained = child.load_child()
    model = model_of_raw_images(trained, child, data)
    normalized = _checked_images(data)
    expected = np.asarray(keras.ops.softmax(trained(normalized, training=False)))
    raw = _without_normalization(normalized, data)

    keras.utils.disable_interactive_logging()  # MLflow predicts with a progress bar
    differences: Differences = {}
    for name in formats:
        difference = _largest_difference(name, model, folder, raw, expected)
        is_within_tolerance = difference <= TOLERANCE  # not if it is NaN
        if not is_within_tolerance:
            raise ExportFailed(
                f"{name}: its probabilities differ by {difference:.2g} from the trained model's"
            )
        differences[name] = difference
    return differences


def model_of_raw_images(trained: "keras.Model", child: TrainedChild, data: Parts) -> "keras.Model":
    """Return the model from pixels to probabilities."""
    from pnas.children.final_training.standalone_model import serving_model

    mean = None if data.mean is None else data.mean.tolist()
    std = None if data.std is None else data.std.tolist()
    return serving_model(
        trained,
        child.cell,
        child.network,
        data.image_shape,
        data.num_classes,
        mean,
        std,
    )


def _checked_images(data: Parts) -> Images:
    count = min(CHECKED_EXAMPLES, len(data.val.labels))
    return data.val.images[np.arange(count)]


def _without_normalization(images: Images, data: Parts) -> Images:
    """Return the images as they were before they were normalized."""
    if data.mean is None or data.std is None:
        return np.asarray(images, np.float32)
    return np.asarray(images * data.std + data.mean, np.float32)


def _largest_difference(
    name: str, model: "keras.Model", folder: Path, raw: Images, expected: Images
) -> float:
    """Write one format; return how far its probabilities are from ``expected``."""
    try:
        predict = _writer(name, raw)(model, folder)
        return float(np.abs(predict(raw) - expected).max())
    except OSError:
        raise
    except Exception as error:  # each of these libraries has errors of its own
        lines = str(error).strip().splitlines()
        reason = f"{type(error).__name__}: {lines[0] if lines else ''}"
        raise ExportFailed(f"{name}: cannot be written ({reason})") from error


def _writer(name: str, raw: Images) -> Callable[["keras.Model", Path], Predict]:
    from pnas.children.final_training.standalone_model import WRITERS

    if name == "mlflow":
        return partial(write_mlflow, example=raw[:2])
    return WRITERS[name]
