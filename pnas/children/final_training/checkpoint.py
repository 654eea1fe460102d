"""Checkpoints of a final training: all that the next epoch depends on, in one ``.npz`` file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.children.child_weights import write_arrays
from pnas.errors import InvalidValue, MalformedFile
from pnas.system.bounded_files import read_arrays
from pnas.system.stored_json import parse_json_mapping

Epochs = list[dict[str, float]]

_META = "meta"
_READ_ERRORS = (MalformedFile, TypeError, KeyError)


@dataclass
class Progress:
    """What a checkpoint says of its training.

    Attributes:
        cell: Cell, as text.
        num_classes: Number of classes.
        epochs: Metrics of each epoch that has ended (loss, accuracy, val_loss, val_accuracy,
            learning_rate, seconds).
        ended: Why there will be no more epochs; empty while there will.
    """

    cell: str
    num_classes: int
    epochs: Epochs = field(default_factory=list)
    ended: str = ""


def save_checkpoint(path: Path, variables: Sequence[Any], progress: Progress) -> None:
    """Write the values of ``variables`` and ``progress`` to ``path``.

    Args:
        path: File to write; an earlier one is replaced as a whole.
        variables: Variables of model and optimizer, random states included, in an order that
            building them again repeats.
        progress: State of the training.

    Raises:
        NotWritable: No space or no permission. The earlier checkpoint is intact.
    """
    import keras

    arrays: dict[str, NDArray[Any]] = {}
    for index, variable in enumerate(variables):
        arrays[f"{index:05d}"] = keras.ops.convert_to_numpy(variable)
    arrays[_META] = np.array(json.dumps(asdict(progress)))
    write_arrays(path, arrays)


def read_progress(path: Path) -> Progress | None:
    """Return the state of the training whose checkpoint is ``path``; None without one.

    Raises:
        InvalidValue: The file is not a checkpoint.
    """
    if not path.is_file():
        return None
    _, progress = _read(path)
    return progress


def load_checkpoint(path: Path, variables: Sequence[Any]) -> None:
    """Assign to ``variables`` the values that they had when ``path`` was written.

    Raises:
        InvalidValue: The file is not a checkpoint, or one of other variables.
    """
    arrays, _ = _read(path)
    stored_shapes = [array.shape for array in arrays]
    shapes = [tuple(variable.shape) for variable in variables]
    if stored_shapes != shapes:
        rule = "must name a training of this cell, network and trainer"
        raise InvalidValue("name", rule, str(path))
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _read(path: Path) -> tuple[list[NDArray[Any]], Progress]:
    try:
        stored = read_arrays(path)
        progress = Progress(**parse_json_mapping(str(stored.pop(_META)), str(path)))
        return [stored[name] for name in sorted(stored)], progress
    except _READ_ERRORS as error:
        reason = " ".join(str(error).split())
        rule = f"must name a training whose checkpoint can be read ({reason})"
        raise InvalidValue("name", rule, str(path)) from error
