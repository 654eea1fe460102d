"""Rankings read from files: our children.csv and score files, and the original project's CSVs.

The format of a file is recognised by its first line:

* ``children.csv`` of a run directory: a header that names at least stage, cell and reward.
* Score files of ``task=score``: a header that names at least score and cell.
* Files of the original project: no header (see `pnas.reports.data.original_files`).
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pnas.errors import InvalidValue, require
from pnas.records import Status
from pnas.records.cell_trainings import repeat_of, short_epochs
from pnas.records.run_directory import CHILDREN
from pnas.reports.data.csv_lines import KEY, Line, number_or_none, read_lines
from pnas.reports.data.original_files import read_original
from pnas.reports.data.scored_cell import Phase, ScoredCell
from pnas.system.path_patterns import matching_paths

_Value = TypeVar("_Value")
_Row = dict[str, str]

_CHILDREN_COLUMNS = frozenset({"stage", "cell", "reward"})
_SCORE_COLUMNS = frozenset({"score", "cell"})


def read_files(files: str | Path | Iterable[str | Path]) -> list[ScoredCell]:
    """Return the rows of one or many files, in their order (see `find_files`, `read_scores`)."""
    cells = []
    for path in find_files(files):
        cells += read_scores(path)
    return cells


def find_files(files: str | Path | Iterable[str | Path]) -> list[Path]:
    """Return the files behind names, patterns (``**`` included) and run directories.

    A run directory stands for its children.csv. Each file comes once, at its first mention; the
    matches of a pattern are sorted by name.

    Raises:
        InvalidValue: Nothing was named, or a name or pattern that no file matches.
    """
    names = [files] if isinstance(files, str | Path) else list(files)
    if not names:
        raise InvalidValue(KEY, "must name at least one file", names)

    found: dict[Path, Path] = {}
    for name in names:
        for path in _matches(str(name)):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _matches(name: str) -> list[Path]:
    matches = matching_paths(name)
    if not matches:
        rule = "must name files or run directories that exist, or a pattern that matches some"
        raise InvalidValue(KEY, rule, name)

    paths = []
    for path in matches:
        if path.is_dir() and not (path / CHILDREN).exists():
            rule = f"must be CSV files, or run directories that hold {CHILDREN}"
            raise InvalidValue(KEY, rule, str(path))
        paths.append(path / CHILDREN if path.is_dir() else path)
    return paths


def read_scores(path: Path | str) -> list[ScoredCell]:
    """Return the rows of one file, in its order; the format is recognised by content.

    Raises:
        InvalidValue: A missing, unreadable, binary or empty file, an unknown format, or a bad
            value. The message names the file, the line, the rule and the value.
    """
    lines = read_lines(Path(path))
    if number_or_none(lines[0].fields[0]) is not None:
        return read_original(lines)
    return _read_rows(header=lines[0], lines=lines[1:])


def _read_rows(header: Line, lines: Sequence[Line]) -> list[ScoredCell]:
    read = _row_reader(header)
    columns = header.fields
    if not lines:
        raise InvalidValue(KEY, "must have at least one row below its header", str(header.path))

    cells = []
    for line in lines:
        if len(line.fields) != len(columns):
            rule = f"must have {len(columns)} columns, as the header has"
            raise line.error(rule, ",".join(line.fields))
        row = dict(zip(columns, line.fields, strict=True))
        # A short training has no reward, and its cell no place by it: it is trained whole, or not.
        if short_epochs(row.get("key", "")) is None:
            cells.append(read(line, row))
    rule = "must have at least one whole training, not short ones only"
    require(bool(cells), KEY, rule, str(header.path))
    return cells


def _row_reader(header: Line) -> Callable[[Line, _Row], ScoredCell]:
    columns = set(header.fields)
    if columns >= _CHILDREN_COLUMNS:
        return _read_child
    if columns >= _SCORE_COLUMNS:
        return _read_score
    rule = (
        "must be a header with stage, cell, reward or with score, cell; or start with an accuracy"
    )
    raise header.error(rule, ",".join(header.fields))


def _read_child(line: Line, row: _Row) -> ScoredCell:
    key = row.get("key", "")
    status = _status(line, row)
    return ScoredCell(
        cell=line.parse_cell(row["cell"]),
        reward=_optional(line.parse_accuracy, row, "reward"),
        predicted=_optional(line.parse_number, row, "predicted"),
        stage=line.parse_count("stage", row["stage"], minimum=1),
        status=status,
        params=_optional(line.parse_count, row, "params"),
        flops=_optional(line.parse_count, row, "flops"),
        seconds=_optional(line.parse_number, row, "seconds"),
        error=row.get("error") or None,
        source=str(line.path),
        phase=Phase.CONFIRMATION if repeat_of(key) > 1 else Phase.GROWTH,
        key=key,
        stopped_after=_stopped_after(line, row, status),
    )


def _read_score(line: Line, row: _Row) -> ScoredCell:
    cell = line.parse_cell(row["cell"])
    return ScoredCell(
        cell=cell,
        reward=None,
        predicted=line.parse_number("score", row["score"]),
        stage=len(cell),
        source=str(line.path),
    )


def _stopped_after(line: Line, row: _Row, status: Status | None) -> int | None:
    if status is not Status.STOPPED:
        return None
    return _optional(line.parse_count, row, "epochs")


def _optional(parse: Callable[[str, str], _Value], row: _Row, name: str) -> _Value | None:
    text = row.get(name, "")
    return parse(name, text) if text else None


def _status(line: Line, row: _Row) -> Status | None:
    text = row.get("status", "")
    if not text:
        return None
    try:
        return Status(text)
    except ValueError:
        raise line.error(f"status must be one of {', '.join(Status)}", text) from None
