"""The learning curves of a table's trainings, in an ``.npz`` file beside its rows.

Arrays, of ``rows`` cells with up to ``trainings`` each:

| name | shape | |
|---|---|---|
| ``cell`` | (rows,) | text of the cell |
| ``loss`` | (rows, trainings, epochs) | training loss of each epoch |
| ``val_accuracy`` | (rows, trainings, validations) | what rewards are made of, where validated |
| ``validated`` | (validations,) | the validated epochs, from 1 |

Trainings are those of a row's rewards, in their order. NaN stands for what is not known.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pnas.errors import require
from pnas.records.training_curve import Metrics, validations
from pnas.state_space import Cell
from pnas.system.bounded_files import read_arrays
from pnas.tables.table_key import KEY

_Floats = NDArray[np.float32]

_NAMES = ("cell", "loss", "val_accuracy", "validated")


@dataclass(frozen=True)
class Curve:
    """The learning curve of one training.

    Attributes:
        losses: Training loss of each epoch, shape (epochs,).
        accuracies: Validation accuracy of each epoch, shape (epochs,); NaN where it was not
            validated.
    """

    losses: _Floats
    accuracies: _Floats

    @classmethod
    def of(cls, metrics: Metrics) -> "Curve | None":
        """Return the curve that is in the metrics of a training; None if there is none."""
        losses = metrics.get("loss", ())
        accuracies = validations(metrics)
        if not losses or len(losses) != len(accuracies):
            return None
        return cls(np.array(losses, np.float32), np.array(accuracies, np.float32))

    def as_metrics(self) -> dict[str, list[float]]:
        """Return the curve as the metrics of a training have it."""
        return {"loss": self.losses.tolist(), "val_accuracy": self.accuracies.tolist()}


CellCurves = tuple[Cell, Sequence[Curve]]
"""A cell, and the curve of each of its trainings."""


def format_curves(rows: Sequence[CellCurves]) -> bytes:
    """Return the file of the curves of ``rows``; equal curves make equal files."""
    epochs = max(len(curve.losses) for _, curves in rows for curve in curves)
    trainings = max(len(curves) for _, curves in rows)
    losses = np.full((len(rows), trainings, epochs), np.nan, np.float32)
    accuracies = losses.copy()
    for i, (_, curves) in enumerate(rows):
        for j, curve in enumerate(curves):
            losses[i, j, : len(curve.losses)] = curve.losses
            accuracies[i, j, : len(curve.accuracies)] = curve.accuracies

    validated = np.flatnonzero(np.isfinite(accuracies).any(axis=(0, 1)))
    file = io.BytesIO()
    np.savez_compressed(
        file,
        cell=np.array([str(cell) for cell, _ in rows]),
        loss=losses,
        val_accuracy=accuracies[:, :, validated],
        validated=validated + 1,
    )
    return file.getvalue()


def read_curves(
    path: Path, identify: Callable[[Cell], str], parse: Callable[[str], Cell]
) -> dict[str, list[Curve]]:
    """Return the curves of each cell by its identity.

    Args:
        path: The file.
        identify: Maps a cell to its identity.
        parse: Makes a cell of its text.

    Raises:
        InvalidValue: An array is missing, or has another shape than the others say.
        MalformedFile: It is no such file.
    """
    arrays = read_arrays(path)
    for name in _NAMES:
        require(name in arrays, KEY, f"must have an array {name} in {path.name}", list(arrays))
    accuracies = _spread(arrays, path)
    curves: dict[str, list[Curve]] = {}
    for i, text in enumerate(arrays["cell"].tolist()):
        known = []
        for losses, row_accuracies in zip(arrays["loss"][i], accuracies[i], strict=True):
            if np.isfinite(losses).all():
                known.append(Curve(losses.astype(np.float32), row_accuracies))
        curves[identify(parse(text))] = known
    return curves


def _spread(arrays: Mapping[str, NDArray[np.generic]], path: Path) -> _Floats:
    """Return the accuracies by epoch, NaN where nothing was validated; as large as the losses."""
    losses = arrays["loss"]
    validated = arrays["validated"]
    are_numbers = all(np.issubdtype(arrays[name].dtype, np.number) for name in _NAMES[1:])
    fit = are_numbers and losses.ndim == 3 and arrays["cell"].shape == losses.shape[:1]
    fit = fit and arrays["val_accuracy"].shape == (*losses.shape[:2], *validated.shape)
    fit = fit and np.issubdtype(validated.dtype, np.integer)
    shapes = {name: arrays[name].shape for name in _NAMES}
    require(bool(fit), KEY, f"must have curves in {path.name} whose arrays fit together", shapes)
    places = validated.astype(np.int64) - 1
    are_epochs = bool(((places >= 0) & (places < losses.shape[2])).all())
    rule = f"must have validated epochs in {path.name} among its {losses.shape[2]} epochs"
    require(are_epochs, KEY, rule, validated.tolist())
    accuracies = np.full(losses.shape, np.nan, np.float32)
    accuracies[:, :, places] = arrays["val_accuracy"]
    return accuracies
