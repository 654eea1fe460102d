"""Weights of a trained child on disk: plain arrays in an ``.npz``, no pickle, never half written."""

import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue, NotWritable, require

if TYPE_CHECKING:
    import keras

_KINDS = ("trainable", "state")


def save_weights(
    trainable: Sequence[NDArray[Any]], state: Sequence[NDArray[Any]], path: str | Path
) -> None:
    """Write weights to ``path``, in the order of a model's trainable and other variables.

    What was there is replaced at once or not at all.

    Raises:
        NotWritable: no room, no permission. That is no fault of the child whose weights they are.
    """
    groups = zip(_KINDS, (trainable, state), strict=True)
    write_arrays(
        Path(path),
        {f"{kind}_{i:05d}": array for kind, group in groups for i, array in enumerate(group)},
    )


def write_arrays(target: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays to the ``.npz`` file ``target``, at once or not at all.

    Raises:
        NotWritable: no room, no permission.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise NotWritable(
            f"{target}: the weights of a child cannot be written ({error.strerror})"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def load_weights(model: "keras.Model", path: str | Path) -> None:
    """Give ``model`` the weights at ``path``.

    Raises:
        InvalidValue: no such file, not a file of weights, or weights of another network.
    """
    stored = _read(path)
    variables = (*model.trainable_variables, *model.non_trainable_variables)
    shapes = [tuple(variable.shape) for variable in variables]
    is_same = [array.shape for array in stored] == shapes
    require(is_same, "weights_path", "must hold the weights of this cell and network", str(path))
    for variable, array in zip(variables, stored, strict=True):
        variable.assign(array)


def _read(path: str | Path) -> list[NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            names = sorted(stored.files, key=lambda name: (not name.startswith(_KINDS[0]), name))
            return [stored[name] for name in names]
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise InvalidValue(
            "weights_path", f"must be a readable .npz of weights ({reason})", str(path)
        ) from error
