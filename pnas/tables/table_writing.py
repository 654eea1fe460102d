"""Writing a table in the package's own format, which `pnas.tables.table_files` describes."""

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pnas.state_space import Cell, SlotSpace
from pnas.system.atomic_write import write_text
from pnas.tables.learning_curves import format_curves
from pnas.tables.reward_table import Row
from pnas.tables.short_columns import short_names, short_values
from pnas.tables.table_files import CURVES, FIGURES, FORMAT


def write_table(
    path: Path, space: SlotSpace, rows: Sequence[tuple[Cell, Row]], about: Mapping[str, Any]
) -> None:
    """Write a table as a YAML file, and beside it its rows and the learning curves that it has.

    Args:
        path: Path of the YAML file.
        space: State space of the cells.
        rows: Cells and their results, in the order in which they are written.
        about: Further keys of the YAML file.
    """
    data = path.with_suffix(".csv.gz")
    text = _format_csv(rows)
    # Without the time of writing, equal tables are equal files.
    data.write_bytes(gzip.compress(text.encode(), mtime=0))

    head = {"format": FORMAT, "space": space.spec(), "rows": data.name}
    with_curves = [(cell, row.curves) for cell, row in rows if row.curves]
    if with_curves:
        file = path.with_suffix(f".{CURVES}.npz")
        file.write_bytes(format_curves(with_curves))
        head[CURVES] = file.name
    head.update(about)
    write_text(path, yaml.safe_dump(head, sort_keys=False, width=100))


def _format_csv(rows: Sequence[tuple[Cell, Row]]) -> str:
    trainings = max((len(row.rewards) for _, row in rows), default=1)
    reward_names = ["reward", *(f"reward_{i}" for i in range(2, trainings + 1))]

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = short_names(rows)
    writer.writerow(["cell", *reward_names, *FIGURES, *names])
    for cell, row in rows:
        missing = [""] * (trainings - len(row.rewards))
        figures = [row.epochs, row.seconds, row.params, row.flops]
        writer.writerow([cell, *row.rewards, *missing, *figures, *short_values(row, names)])
    return text.getvalue()
