"""history.csv: the values of each epoch of one training."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from pnas.errors import MalformedFile
from pnas.system.atomic_write import write_text
from pnas.system.bounded_files import read_text

_EPOCH = "epoch"


def write_history(path: Path, epochs: Sequence[Mapping[str, float]]) -> None:
    """Write one row an epoch, with an empty field where an epoch has no value.

    Raises:
        NotWritable: There is no room or no permission.
    """
    names: dict[str, None] = {}
    for values in epochs:
        names.update(dict.fromkeys(values))

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
