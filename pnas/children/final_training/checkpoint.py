"""Checkpoints of a long training: all that the next epoch depends on, in one ``.npz`` that is never half there."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.children.child_weights import write_arrays
from pnas.errors import InvalidValue

Epochs = list[dict[str, float]]
_META = "meta"


@dataclass
class Progress:
    """What a checkpoint says of its training.

    Attributes:
        cell: the cell, as text.
        num_classes: that it tells apart.
        epochs: metrics of each epoch that is over (loss, accuracy, val_loss, val_accuracy, learning_rate, seconds).
        ended: why there will be no more epochs; empty while there will.
    """

    cell: str
    num_classes: int
    epochs: Epochs = field(default_factory=list)
    ended: str = ""


def save_checkpoint(path: Path, variables: Sequence[Any], progress: Progress) -> None:
    """Write the values of ``variables`` and ``progress`` to ``path``.

    Args:
        variables: of model and optimizer, random states included, in an order that building them again repeats.

    Raises:
        NotWritable: no room, no permission; the checkpoint before is intact.
    """
    import keras

    arrays = {
        f"{i:05d}": keras.ops.convert_to_numpy(variable) for i, variable in enumerate(variables)
    }
    write_arrays(path, {**arrays, _META: np.array(json.dumps(asdict(progress)))})


def read_progress(path: Path) -> Progress | None:
    """What the checkpoint at ``path`` says; None if there is none.

    Raises:
        InvalidValue: not a checkpoint.
    """
    return _read(path)[1] if path.is_file() else None


def load_checkpoint(path: Path, variables: Sequence[Any]) -> None:
    """Give ``variables`` the values that they had when ``path`` was written.

    Raises:
        InvalidValue: not a checkpoint, or one of other variables.
    """
    arrays, _ = _read(path)
    shapes = [tuple(variable.shape) for variable in variables]
    if [array.shape for array in arrays] != shapes:
        raise InvalidValue(
            "name", "must name a training of this cell, network and trainer", str(path)
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _read(path: Path) -> tuple[list[NDArray[Any]], Progress]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            progress = Progress(**json.loads(str(stored[_META])))
            return [stored[name] for name in sorted(stored.files) if name != _META], progress
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise InvalidValue(
            "name", f"must name a training whose checkpoint can be read ({reason})", str(path)
        ) from error
