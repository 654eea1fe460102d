"""A training that is kept before its decay, for a longer one of the same child to go on from.

Kept is all that the rest of a training depends on: weights and moving statistics, the variables of
the optimizer and of the augmentation, and the metrics so far. The order of the examples and the
learning rates follow from the seed and the epoch. A training that goes on has therefore the same
result, to the last bit, as one that began anew.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pnas.children.child_weights import write_arrays
from pnas.children.trainer_specs import SearchTrainerSpec
from pnas.errors import MalformedFile, NotWritable
from pnas.system.bounded_files import read_arrays

History = dict[str, list[float]]
"""Metrics of a training by name, one value an epoch."""

Arrays = dict[str, NDArray[Any]]

_IDENTITY = "identity"
_EPOCHS = "epochs"
_METRIC = "metric_"
_VARIABLE = "variable_"


@dataclass(frozen=True)
class KeptTraining:
    """Where a training is kept, and what it belongs to.

    Attributes:
        path: File of the kept training (``.npz``).
        whole: Settings of the whole training, of which this one is a part or all.
        belongs_to: Text that tells this training from all others, but for its length.
    """

    path: Path
    whole: SearchTrainerSpec
    belongs_to: str

    def restore(
        self, variables: Sequence[keras.Variable], history: History, most_epochs: int
    ) -> int:
        """Take up what was kept; leave everything as it is if there is nothing of use.

        Args:
            variables: All that a step changes; they are set to what they were.
            history: Metrics by name, to which those of the epochs so far are added.
            most_epochs: Number of epochs after which the training that goes on differs from longer
                ones.

        Returns:
            The number of epochs that need not be trained.
        """
        stored = self._read()
        if stored is None or not _fits(stored, variables):
            return 0
        epochs = int(stored[_EPOCHS])
        if epochs > most_epochs:
            return 0
        for index, variable in enumerate(variables):
            variable.assign(stored[_variable(index)])
        for name, values in stored.items():
            if name.startswith(_METRIC):
                history[name.removeprefix(_METRIC)] = values.tolist()
        return epochs

    def is_due(self, trainer: SearchTrainerSpec, epochs: int) -> bool:
        """Whether the part of the whole training with the settings ``trainer`` is kept now.

        Args:
            trainer: Settings of the part, or of the whole training, which nothing goes on from.
            epochs: Number of epochs trained so far.
        """
        is_part = trainer.epochs < self.whole.epochs
        return is_part and epochs == trainer.stable_epochs

    def save(self, variables: Sequence[keras.Variable], history: History, epochs: int) -> None:
        """Keep a training after ``epochs`` epochs, if there is a directory and room for it.

        Nothing is lost but time where there is not: the next training begins anew.
        """
        if not self.path.parent.is_dir():
            return
        arrays: Arrays = {_IDENTITY: self._identity, _EPOCHS: np.array(epochs)}
        for name, values in history.items():
            arrays[f"{_METRIC}{name}"] = np.array(values, np.float64)
        for index, variable in enumerate(variables):
            arrays[_variable(index)] = keras.ops.convert_to_numpy(variable.value)
        try:
            write_arrays(self.path, arrays)
        except NotWritable:
            return

    def _read(self) -> Arrays | None:
        """Return the stored arrays; None if they are missing, damaged or of another training."""
        try:
            stored = read_arrays(self.path)
        except (MalformedFile, OSError):
            return None
        if not np.array_equal(stored.get(_IDENTITY, ()), self._identity):
            return None
        return stored

    @property
    def _identity(self) -> NDArray[np.uint8]:
        text = f"{self.belongs_to} {self.whole}"
        return np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)


def _fits(stored: Arrays, variables: Sequence[keras.Variable]) -> bool:
    """Whether each of ``variables`` is stored in its shape and type, and no others are."""
    names = {name for name in stored if name.startswith(_VARIABLE)}
    if _EPOCHS not in stored or names != {_variable(index) for index in range(len(variables))}:
        return False
    for index, variable in enumerate(variables):
        array = stored[_variable(index)]
        if array.shape != tuple(variable.shape) or array.dtype.name != variable.dtype:
            return False
    return True


def _variable(index: int) -> str:
    return f"{_VARIABLE}{index:03d}"
