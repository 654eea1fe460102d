"""history.csv: the values of each epoch of one training."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from pnas.errors import MalformedFile
from pnas.system.atomic_write import write_text
from pnas.system.bounded_files import read_text

_EPOCH = "epoch"


def as_columns(epochs: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Return the values of all epochs by name, as a journal holds them.

    Names come in the order in which they first occur. An epoch without a value holds NaN.
    """
    names: dict[str, None] = {}
    for values in epochs:
        names.update(dict.fromkeys(values))
    columns = {}
    for name in names:
        columns[name] = [values.get(name, math.nan) for values in epochs]
    return columns


def as_epochs(columns: Mapping[str, Sequence[float]]) -> list[dict[str, float]]:
    """Return what `as_columns` was called with."""
    length = max(map(len, columns.values()), default=0)
    epochs: list[dict[str, float]] = [{} for _ in range(length)]
    for name, values in columns.items():
        for epoch, value in zip(epochs, values, strict=False):
            if not math.isnan(value):
                epoch[name] = value
    return epochs


def last_value(values: Sequence[float]) -> float | None:
    """Return the last value that was measured; None if none was."""
    for value in reversed(values):
        if not math.isnan(value):
            return value
    return None


def write_history(path: Path, epochs: Sequence[Mapping[str, float]]) -> None:
    """Write one row an epoch, with an empty field where an epoch has no value.

    Raises:
        NotWritable: There is no room or no permission.
    """
    names = as_columns(epochs)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((_EPOCH, *names))
    for epoch, values in enumerate(epochs, start=1):
        fields = [values.get(name, "") for name in names]
        writer.writerow((epoch, *fields))
    write_text(path, text.getvalue())


def read_history(path: Path) -> list[dict[str, float]]:
    """Return what `write_history` wrote; nothing if there is no such file.

    Raises:
        MalformedFile: A value is no number.
    """
    if not path.is_file():
        return []
    epochs = []
    for row in csv.DictReader(io.StringIO(read_text(path), newline="")):
        epochs.append(_parse(row, path))
    return epochs


def _parse(row: Mapping[str, str], path: Path) -> dict[str, float]:
    values = {}
    for name, text in row.items():
        if not text or name == _EPOCH:
            continue
        try:
            values[name] = float(text)
        except (TypeError, ValueError):
            raise MalformedFile(f"{path}: {name}", "must be a number", text) from None
    return values
