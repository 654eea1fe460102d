"""Weights of a trained child on disk: arrays in an ``.npz`` without pickles, written as a whole."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue, MalformedFile, NotWritable, require
from pnas.system.bounded_files import read_arrays

if TYPE_CHECKING:
    import keras

_TRAINABLE = "trainable"
_STATE = "state"


def save_weights(
    trainable: Sequence[NDArray[Any]], state: Sequence[NDArray[Any]], path: str | Path
) -> None:
    """Write weights to ``path``, in the order of a model's trainable and other variables.

    An earlier file is replaced as a whole or not at all.

    Raises:
        NotWritable: No space or no permission. That is no failure of the child.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for group, values in ((_TRAINABLE, trainable), (_STATE, state)):
        for index, value in enumerate(values):
            arrays[f"{group}_{index:05d}"] = value
    write_arrays(Path(path), arrays)


def write_arrays(target: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays to the ``.npz`` file ``target``, as a whole or not at all.

    Raises:
        NotWritable: No space or no permission.
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
    """Assign the weights at ``path`` to ``model``.

    Raises:
        InvalidValue: No such file, not a file of weights, or weights of another network.
    """
    stored = _read(path)
    variables = (*model.trainable_variables, *model.non_trainable_variables)
    shapes = [tuple(variable.shape) for variable in variables]
    stored_shapes = [array.shape for array in stored]
    rule = "must hold the weights of this cell and network"
    require(stored_shapes == shapes, "weights_path", rule, str(path))
    for variable, array in zip(variables, stored, strict=True):
        variable.assign(array)


def _read(path: str | Path) -> list[NDArray[Any]]:
    """Return the stored arrays: first the trainable weights, then the others, each in order."""
    try:
        stored = read_arrays(Path(path))
        names = sorted(stored)
        # A stable sort: the order within each group stays.
        names.sort(key=lambda name: not name.startswith(_TRAINABLE))
        return [stored[name] for name in names]
    except MalformedFile as error:
        reason = " ".join(str(error).split())
        rule = f"must be a readable .npz of weights ({reason})"
        raise InvalidValue("weights_path", rule, str(path)) from error
