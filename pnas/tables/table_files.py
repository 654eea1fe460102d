"""Tables in the package's own format: a YAML file that describes it, and a file of rows beside it.

The YAML file says which space the cells belong to and where the rows are::

    format: pnas-table-1
    space: {kind: pnas, B: 2, operators: [3x3 conv, identity], input_lookback_depth: -2}
    rows: digits.csv.gz

The rows are CSV (``.csv``, ``.csv.gz``) or arrays (``.npz``). Columns: ``cell`` (text), ``reward``
in [0, 1], and, where known, ``reward_2``, ``reward_3``... of further trainings of the cell (empty
where one failed), ``test``, ``epochs``, ``seconds``, ``params``, ``flops``. Other columns, and
other keys of the YAML file, are ignored: they are free for whoever describes the table.

Short trainings, which a search with ``search.rungs`` asks for, have columns with their number of
epochs: ``reward@3`` and ``loss@3`` (the mean of the training losses), ``reward@3_2``, ...

Learning curves, which a search with ``search.early_stop`` asks for, are in a file that the YAML
file names, such as ``curves: digits.curves.npz`` (`pnas.tables.learning_curves`).

A table whose cells all have the largest size says ``short_cells: padded``: a smaller cell is then
found by the cell of that size that computes the same, as the space declares (`SlotSpace.padded`).
Without it (``short_cells: own rows``) every cell has a row of its own.

Further columns are objectives of a search where the YAML file says so, with numbers in every row::

    objectives: {latency_ms: minimise, robustness: maximise}
"""

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from pnas.errors import InvalidValue, require
from pnas.state_space import Cell, SlotSpace, build_space
from pnas.system.bounded_files import read_arrays, read_gzip_text, read_text
from pnas.system.stored_yaml import load_yaml
from pnas.tables.column_parsing import Columns, accuracy, add_row, as_number, column
from pnas.tables.learning_curves import Curve, read_curves
from pnas.tables.reward_table import Row, Table
from pnas.tables.short_columns import (
    find_short_columns,
    parse_short_trainings,
)
from pnas.tables.table_key import KEY

FileState = tuple[int, int, str]

FORMAT = "pnas-table-1"
OWN_ROWS = "own rows"
PADDED = "padded"
_SHORT_CELLS = "short_cells"
CURVES = "curves"
_SUFFIXES = (".csv", ".csv.gz", ".npz")
_MOST_DIGESTED_BYTES = 2**24
_COUNTS = ("params", "flops")
_GOALS = ("maximise", "minimise")
FIGURES = ("epochs", "seconds", *_COUNTS)


def read_table_file(path: Path, reward: str | None = None, test: str | None = None) -> Table:
    """Read a table by its YAML file; see `pnas.tables.load_table`.

    The table that was read last is kept: a command asks for it several times, to check its settings
    and to search.
    """
    head = _read_head(path)
    files = [path, _rows_path(path, head["rows"])]
    if CURVES in head:
        files.append(_curves_path(path, head[CURVES]))
    state = tuple(_state(file) for file in files)
    return _read_contents(path, state, reward, test)


@lru_cache(maxsize=1)
def _read_contents(
    path: Path, state: tuple[FileState, ...], reward: str | None, test: str | None
) -> Table:
    """Read the table at ``path``.

    Args:
        path: Path of the YAML file.
        state: State of it and of the files beside it, which tells whether they are still what was
            read.
        reward: Column of the reward.
        test: Column that judges.
    """
    del state
    head = _read_head(path)
    space = build_space(head["space"])
    pads = _check_short_cells(head.get(_SHORT_CELLS, OWN_ROWS), path)
    identify = CellIdentity(space, pads)
    columns = _read_columns(_rows_path(path, head["rows"]))
    objectives = _check_objectives(head.get("objectives", {}), columns, path)
    curves: Mapping[str, Sequence[Curve]] = {}
    # Curves are those of the rewards that the table was written with.
    if CURVES in head and reward in (None, "reward"):
        parse = partial(_parse_cell, space=space, path=path)
        curves = read_curves(_curves_path(path, head[CURVES]), identify, parse)
    rows = _rows(columns, identify, path, reward or "reward", test, tuple(objectives), curves)
    return Table(path, space, rows, identify, objectives)


def _state(path: Path) -> FileState:
    """Return the file's size, its date and the digest of its first megabytes."""
    stat = path.stat()
    with path.open("rb") as file:
        # No more: a file that is far too large is refused before it is read.
        start = file.read(_MOST_DIGESTED_BYTES)
    return stat.st_size, stat.st_mtime_ns, hashlib.sha256(start).hexdigest()


def _read_head(path: Path) -> Mapping[str, Any]:
    """Return what the YAML file at ``path`` says."""
    head = load_yaml(path)
    is_table = isinstance(head, Mapping) and head.get("format") == FORMAT
    require(is_table, KEY, f"must say format: {FORMAT}", str(path))
    for name in ("space", "rows"):
        rule = f"must say what its {name} is; {path} has {', '.join(map(str, head))}"
        require(name in head, KEY, rule, name)
    return head


@dataclass(frozen=True)
class CellIdentity:
    """Maps a cell to the text that its row is found by. A class, so that tables can be pickled.

    Attributes:
        space: State space of the table.
        pads: Whether a cell is the padded one that computes the same (`SlotSpace.padded`).
    """

    space: SlotSpace
    pads: bool = False

    def __call__(self, cell: Cell) -> str:
        if self.pads:
            cell = self.space.padded(cell)
        return str(self.space.canonical(cell))


def _check_objectives(value: Any, columns: Columns, path: Path) -> dict[str, str]:
    """Return the further objectives that the YAML file names, with their goals."""
    rule = f"objectives in {path} must be columns, each with maximise or minimise"
    require(isinstance(value, Mapping), KEY, rule, value)
    for name, goal in value.items():
        require(goal in _GOALS, KEY, rule, goal)
        column(columns, name, path)
    return dict(value)


def _check_short_cells(value: Any, path: Path) -> bool:
    rule = f"{_SHORT_CELLS} in {path} must be {OWN_ROWS} or {PADDED}"
    require(value in (OWN_ROWS, PADDED), KEY, rule, value)
    return bool(value == PADDED)


def _rows_path(table: Path, name: Any) -> Path:
    """Return the path of the file of rows; see `_path_beside`."""
    return _path_beside(table, name, "rows", _SUFFIXES)


def _curves_path(table: Path, name: Any) -> Path:
    """Return the path of the file of learning curves; see `_path_beside`."""
    return _path_beside(table, name, CURVES, (".npz",))


def _path_beside(table: Path, name: Any, what: str, suffixes: tuple[str, ...]) -> Path:
    """Return the path of a file that belongs to ``table``.

    Raises:
        InvalidValue: There is no such file of a known kind, or it is not below the table's own
            folder: a table may come from somebody else, and its errors quote what they find.
    """
    path = table.parent / str(name)
    folder = table.parent.resolve()
    is_inside = path.resolve().is_relative_to(folder)
    require(is_inside, KEY, f"must have its {what} in its own folder", str(name))
    rule = f"must have {what} in a file ending in {', '.join(suffixes)}"
    require(path.name.endswith(suffixes), KEY, rule, path.name)
    require(path.is_file(), KEY, f"must have its {what} beside it", str(path))
    return path


def _read_columns(path: Path) -> Columns:
    if path.suffix == ".npz":
        return {name: array.tolist() for name, array in read_arrays(path).items()}
    if path.suffix == ".gz":
        return _parse_csv(read_gzip_text(path))
    return _parse_csv(read_text(path))


def _parse_csv(text: str) -> Columns:
    lines = csv.reader(io.StringIO(text))
    header = next(lines, [])
    columns: dict[str, list[str | None]] = {name: [] for name in header}
    for line in lines:
        is_blank = not line
        if is_blank:
            continue
        rule = f"must have at most {len(header)} entries a row"
        require(len(line) <= len(header), KEY, rule, ",".join(line))
        missing = [None] * (len(header) - len(line))
        for name, value in zip(header, [*line, *missing], strict=True):
            columns[name].append(value)
    return columns


def _rows(
    columns: Columns,
    identify: CellIdentity,
    path: Path,
    reward: str,
    test: str | None,
    objectives: Sequence[str],
    curves: Mapping[str, Sequence[Curve]],
) -> dict[str, Row]:
    space = identify.space
    cells = [_parse_cell(text, space, path) for text in column(columns, "cell", path)]
    require(bool(cells), KEY, "must have rows", str(path))
    first = column(columns, reward, path)
    further = _further_rewards(columns, reward)
    short = find_short_columns(columns, reward)
    tests = _test_column(columns, test, path, len(cells))
    lengths = {len(values) for values in columns.values()}
    require(lengths == {len(cells)}, KEY, "must have columns of one length", path)

    rows: dict[str, Row] = {}
    for i, cell in enumerate(cells):
        text = str(cell)
        key = identify(cell)
        rewards = [accuracy(first[i], reward, text)]
        for values in further:
            # A training that failed is an empty entry.
            if values[i] != "":
                rewards.append(accuracy(values[i], f"a further {reward}", text))

        row = Row(
            rewards=tuple(rewards),
            test=_test_accuracy(tests[i], test or "test", text),
            further=_further(columns, objectives, i, text),
            shorter=parse_short_trainings(columns, short, i, text),
            curves=_curves_of(curves.get(key, ()), rewards),
            **_figures(columns, i),
        )
        add_row(rows, key, row, text)
    return rows


def _further_rewards(columns: Columns, reward: str) -> list[Sequence[Any]]:
    """Return the columns of further trainings: ``reward_2``, ``reward_3``, ...

    Others that begin alike, such as ``reward_sd``, hold no rewards.
    """
    pattern = re.compile(rf"{re.escape(reward)}_\d{{1,9}}")
    return [values for name, values in columns.items() if pattern.fullmatch(name)]


def _curves_of(curves: Sequence[Curve], rewards: Sequence[float]) -> tuple[Curve, ...]:
    """Return the learning curve of each training; none where some are missing.

    A tabulation that was killed between its files may leave curves of fewer trainings.
    """
    return tuple(curves) if len(curves) == len(rewards) else ()


def _parse_cell(text: Any, space: SlotSpace, path: Path) -> Cell:
    try:
        return space.check(Cell.parse(str(text)))
    except InvalidValue as error:
        rule = f"must hold cells of its own space; in {path} {error.rule}"
        raise InvalidValue(KEY, rule, str(text)) from error


def _test_column(columns: Columns, name: str | None, path: Path, length: int) -> Sequence[Any]:
    if name:
        return column(columns, name, path)
    return columns.get("test", [None] * length)


def _test_accuracy(value: Any, name: str, cell: str) -> float | None:
    is_empty = value in (None, "")
    return None if is_empty else accuracy(value, name, cell)


def _further(columns: Columns, names: Sequence[str], i: int, cell: str) -> dict[str, float]:
    """Return the values of further objectives of row ``i``."""
    values = {}
    for name in names:
        number = as_number(columns[name][i])
        rule = f"must hold numbers above 0 in columns of objectives; {name} of {cell} is not"
        if number is None or number <= 0:
            raise InvalidValue(KEY, rule, columns[name][i])
        values[name] = number
    return values


def _figures(columns: Columns, i: int) -> dict[str, Any]:
    """Return the other figures of row ``i``; None where an entry is not a number."""
    figures: dict[str, Any] = {}
    for name in FIGURES:
        if name not in columns:
            continue
        number = as_number(columns[name][i])
        is_count = name in _COUNTS and number is not None
        figures[name] = int(number) if is_count else number  # type: ignore[arg-type]
    return figures
