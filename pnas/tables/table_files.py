"""Tables in our own format: a YAML file that says what they are, and a CSV or ``.npz`` file of rows beside it.

    format: pnas-table-1
    space: {kind: pnas, B: 2, operators: [3x3 conv, identity], input_lookback_depth: -2, input_lookforward_depth: null}
    rows: digits.csv.gz

Columns: ``cell`` (text), ``reward`` in [0, 1], and, where known, ``reward_2``, ``reward_3``... of further
trainings of the cell (empty where one failed), ``test``, ``epochs``, ``seconds``, ``params``, ``flops``. Other
columns and other keys of the YAML are left alone, for whoever describes the table.
"""

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pnas.errors import InvalidValue, require
from pnas.state_space import Cell, SlotSpace, build_space
from pnas.system.atomic_write import write_text
from pnas.tables.column_parsing import Columns, accuracy, add_row, as_number, column
from pnas.tables.reward_table import KEY, Row, Table

FORMAT = "pnas-table-1"
_SUFFIXES = (".csv", ".csv.gz", ".npz")


def read_written(path: Path, reward: str | None = None, test: str | None = None) -> Table:
    """See `pnas.tables.load_table`."""
    import yaml

    head = yaml.safe_load(path.read_text())
    require(
        isinstance(head, Mapping) and head.get("format") == FORMAT,
        KEY,
        f"must say format: {FORMAT}",
        str(path),
    )
    for name in ("space", "rows"):
        require(
            name in head,
            KEY,
            f"must say what its {name} is; {path} has {', '.join(map(str, head))}",
            name,
        )
    space = build_space(head["space"])
    columns = _columns(path.parent / str(head["rows"]))
    return Table(
        path, space, _rows(columns, space, path, reward or "reward", test), _Identify(space)
    )


class _Identify:
    """Cell -> text of its canonical form. A class, so that tables can be sent to workers."""

    def __init__(self, space: SlotSpace) -> None:
        self._space = space

    def __call__(self, cell: Cell) -> str:
        return str(self._space.canonical(cell))


def _columns(path: Path) -> Columns:
    require(
        path.name.endswith(_SUFFIXES),
        KEY,
        f"must have rows in a file ending in {', '.join(_SUFFIXES)}",
        path.name,
    )
    require(path.is_file(), KEY, "must have its rows beside it", str(path))
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name].tolist() for name in arrays.files}
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    lines = list(csv.DictReader(io.StringIO(text)))
    return {name: [line[name] for line in lines] for name in (lines[0] if lines else ())}


def _rows(
    columns: Columns, space: SlotSpace, path: Path, reward: str, test: str | None
) -> dict[str, Row]:
    cells = [_cell(text, space, path) for text in column(columns, "cell", path)]
    require(bool(cells), KEY, "must have rows", str(path))
    first = column(columns, reward, path)
    further = [values for name, values in columns.items() if name.startswith(f"{reward}_")]
    tests = column(columns, test, path) if test else columns.get("test", [None] * len(cells))
    require(
        {len(values) for values in columns.values()} == {len(cells)},
        KEY,
        "must have columns of one length",
        path,
    )
    rows: dict[str, Row] = {}
    for i, cell in enumerate(cells):
        rewards = [accuracy(first[i], reward, str(cell))]
        rewards += [
            accuracy(values[i], f"a further {reward}", str(cell))
            for values in further
            if values[i] != ""
        ]
        judged = None if tests[i] in (None, "") else accuracy(tests[i], test or "test", str(cell))
        row = Row(tuple(rewards), judged, **_figures(columns, i))
        add_row(rows, str(space.canonical(cell)), row, str(cell))
    return rows


def _cell(text: Any, space: SlotSpace, path: Path) -> Cell:
    try:
        return space.check(Cell.parse(str(text)))
    except InvalidValue as error:
        raise InvalidValue(
            KEY, f"must hold cells of its own space; in {path} {error.rule}", str(text)
        ) from error


def _figures(columns: Columns, i: int) -> dict[str, Any]:
    """What else is known of row ``i``; None where it is not a number."""
    found = {
        name: as_number(columns[name][i])
        for name in ("epochs", "seconds", "params", "flops")
        if name in columns
    }
    whole = {name: int(found[name]) for name in ("params", "flops") if found.get(name) is not None}  # type: ignore[arg-type]
    return {**found, **whole}


def write_table(
    path: Path, space: SlotSpace, rows: Sequence[tuple[Cell, Row]], about: Mapping[str, Any]
) -> None:
    """Write ``rows`` as ``path`` (YAML, with the keys of ``about``) and a ``.csv.gz`` file beside it."""
    import yaml

    trainings = max((len(row.rewards) for _, row in rows), default=1)
    names = ["reward", *(f"reward_{i}" for i in range(2, trainings + 1))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["cell", *names, "epochs", "seconds", "params", "flops"])
    for cell, row in rows:
        rewards = [*row.rewards, *[""] * (trainings - len(row.rewards))]
        writer.writerow([cell, *rewards, row.epochs, row.seconds, row.params, row.flops])
    data = path.with_suffix(".csv.gz")
    # Without the time of writing, equal tables are equal files.
    data.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    head = {"format": FORMAT, "space": space.spec(), "rows": data.name, **about}
    write_text(path, yaml.safe_dump(head, sort_keys=False, width=100))
