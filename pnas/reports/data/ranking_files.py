"""Rankings read from files: our children.csv and score files, and the CSVs of the original project.

A file's format is recognised by its first line:

* ``children.csv`` of a run directory: a header that names at least stage, cell and reward.
* score files of ``task=score``: a header that names at least score and cell.
* the original project's files (github.com/titu1994/progressive-neural-architecture-search): no header, each
  line ``accuracy,input1,operator1,input2,operator2,...``. Its ``train_history.csv`` holds rewards. Its
  ``scores_<b>.csv`` has the same shape with predictions in the first column: only the file's name (it begins
  with "scores") tells them apart.

Inputs in the original's files: it numbered previous cells -1, -2, ... and blocks of the same cell 0, 1, ...,
as we do, but in a flat space it wrote 0 for the only input there is, the cell's own. So, where every input of
a file is 0, all are read as -1. In other files an input that names the block itself or a later one (the
original could draw those; its networks took no notice of inputs) is read as -1 too: what it was really fed.
"""

import glob
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pnas.errors import InvalidValue
from pnas.records import Status
from pnas.records.run_directory import CHILDREN
from pnas.reports.data.csv_lines import KEY, Line, as_number, read_lines
from pnas.reports.data.scored_cell import ScoredCell
from pnas.state_space import Block, Cell

_T = TypeVar("_T")
_Row = dict[str, str]

_CHILDREN_COLUMNS = frozenset({"stage", "cell", "reward"})
_SCORE_COLUMNS = frozenset({"score", "cell"})


def read_files(files: str | Path | Iterable[str | Path]) -> list[ScoredCell]:
    """The rows of one or many files, in the files' order (see `find_files` and `read_scores`)."""
    return [cell for path in find_files(files) for cell in read_scores(path)]


def find_files(files: str | Path | Iterable[str | Path]) -> list[Path]:
    """The files behind names, glob patterns (``**`` included) and run directories (their children.csv).

    Each file comes once, at its first mention; the matches of a pattern are sorted by name.

    Raises:
        InvalidValue: nothing was named, or a name or pattern that no file matches.
    """
    names = [files] if isinstance(files, str | Path) else list(files)
    if not names:
        raise InvalidValue(KEY, "must name at least one file", names)
    once: dict[Path, Path] = {}
    for path in (path for name in names for path in _matches(str(name))):
        once.setdefault(path.resolve(), path)
    return list(once.values())


def _matches(name: str) -> list[Path]:
    # A name that exists is never read as a pattern: names of runs may hold [brackets].
    names = [name] if Path(name).exists() else sorted(glob.glob(name, recursive=True))
    if not names:
        raise InvalidValue(
            KEY,
            "must name files or run directories that exist, or a pattern that matches some",
            name,
        )
    return [path / CHILDREN if path.is_dir() else path for path in map(Path, names)]


def read_scores(path: Path | str) -> list[ScoredCell]:
    """The rows of one file, in the file's order; its format is recognised by content (see the module).

    Raises:
        InvalidValue: a missing, unreadable, binary or empty file, an unknown format, or a bad value; the
            message names the file, the line, the rule and the value.
    """
    first, *rest = lines = read_lines(Path(path))
    if as_number(first.fields[0]) is not None:
        return _read_headless(lines)
    return _read_rows(first, rest)


# -- files with a header -------------------------------------------------------------------------------------


def _read_rows(header: Line, lines: Sequence[Line]) -> list[ScoredCell]:
    read = _reader(header)
    columns = header.fields
    cells = []
    if not lines:
        raise InvalidValue(KEY, "must have at least one row below its header", str(header.path))
    for line in lines:
        if len(line.fields) != len(columns):
            raise line.refusal(
                f"must have {len(columns)} columns, as the header has", ",".join(line.fields)
            )
        cells.append(read(line, dict(zip(columns, line.fields, strict=True))))
    return cells


def _reader(header: Line) -> Callable[[Line, _Row], ScoredCell]:
    columns = set(header.fields)
    if columns >= _CHILDREN_COLUMNS:
        return _child
    if columns >= _SCORE_COLUMNS:
        return _score
    rule = (
        "must be a header with stage, cell, reward or with score, cell; or start with an accuracy"
    )
    raise header.refusal(rule, ",".join(header.fields))


def _child(line: Line, row: _Row) -> ScoredCell:
    return ScoredCell(
        cell=line.cell(row["cell"]),
        reward=_optional(line.accuracy, row, "reward"),
        predicted=_optional(line.decimal, row, "predicted"),
        stage=line.count("stage", row["stage"], minimum=1),
        status=_status(line, row),
        params=_optional(line.count, row, "params"),
        flops=_optional(line.count, row, "flops"),
        seconds=_optional(line.decimal, row, "seconds"),
        error=row.get("error") or None,
        source=str(line.path),
    )


def _score(line: Line, row: _Row) -> ScoredCell:
    cell = line.cell(row["cell"])
    return ScoredCell(
        cell, None, line.decimal("score", row["score"]), stage=len(cell), source=str(line.path)
    )


def _optional(read: Callable[[str, str], _T], row: _Row, name: str) -> _T | None:
    text = row.get(name, "")
    return read(name, text) if text else None


def _status(line: Line, row: _Row) -> Status | None:
    text = row.get("status", "")
    if text and text not in set(Status):
        raise line.refusal(f"status must be one of {', '.join(Status)}", text)
    return Status(text) if text else None


# -- the original project's files ----------------------------------------------------------------------------


def _read_headless(lines: Sequence[Line]) -> list[ScoredCell]:
    written = [_blocks(line) for line in lines]
    flat = all(block.input1 == block.input2 == 0 for blocks in written for block in blocks)
    cells = [
        Cell(_with_our_inputs(i, block, flat) for i, block in enumerate(blocks))
        for blocks in written
    ]
    return [_headless(line, cell) for line, cell in zip(lines, cells, strict=True)]


def _headless(line: Line, cell: Cell) -> ScoredCell:
    if line.path.name.startswith("scores"):
        predicted = line.decimal("score", line.fields[0])
        return ScoredCell(cell, None, predicted, stage=len(cell), source=str(line.path))
    reward = line.accuracy("accuracy", line.fields[0])
    return ScoredCell(cell, reward, None, len(cell), Status.OK, source=str(line.path))


def _blocks(line: Line) -> list[Block]:
    fields = line.fields[1:]
    if not fields or len(fields) % 4:
        rule = "must be accuracy,input1,operator1,input2,operator2,... with four fields a block"
        raise line.refusal(rule, ",".join(line.fields))
    return [_block(line, fields[i : i + 4]) for i in range(0, len(fields), 4)]


def _block(line: Line, fields: Sequence[str]) -> Block:
    input1, operator1, input2, operator2 = fields
    return Block(
        _input(line, input1),
        _operator(line, operator1),
        _input(line, input2),
        _operator(line, operator2),
    )


def _input(line: Line, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise line.refusal("input must be an integer", text) from None


def _operator(line: Line, text: str) -> str:
    # What a cell's text form could not carry back is no operator.
    if not text or as_number(text) is not None or set(text) & set("(),;"):
        raise line.refusal("operator must be a name such as 3x3 dconv", text)
    return " ".join(text.split())


def _with_our_inputs(index: int, block: Block, flat: bool) -> Block:
    """``block``, at 0-based ``index`` of its cell, with the inputs it was really fed (see the module)."""

    def fed(source: int) -> int:
        return -1 if flat or source >= index else source

    return block._replace(input1=fed(block.input1), input2=fed(block.input2))
