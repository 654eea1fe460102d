"""What can still be read of a damaged journal, saved beside it. The damaged file itself is never written to."""

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from typing import Any

from pnas.records.child_records import Status
from pnas.records.journal_schema import connect

_ENDED = (Status.OK, Status.FAILED)
_LONGEST_GAP = (
    2000  # ids without a row after which there are none left; a damaged page holds about ten
)
_COLUMNS = (
    "b", "cell", "key", "seed", "status", "reward", "params", "flops", "seconds", "error", "metrics", "ended_at",
)  # fmt: skip

_Row = dict[str, Any]


def save_what_can_be_read(path: Path) -> str:
    """Save what SQLite can still read of the journal at ``path`` beside it; one sentence that says what, and where.

    The copy is a journal whose ended children are all spare: a search that continues on it plans its stages again
    and finds the results that were saved. Not even a stage that seems whole can be trusted to have all its children.
    """
    meta, stages, children = _read(path)
    if "config" not in meta or not children:
        config = "readable" if "config" in meta else "lost"
        return (
            f"Still readable: {len(children)} ended children; its configuration is {config}. That is nothing to "
            "continue from: restore the file from a backup, or choose another name"
        )
    target = _unused(path.with_name(f"{path.stem}.recovered{path.suffix}"))
    _write(target, meta, children)
    return (
        f"Still readable: {len(children)} ended children, {stages} stages. The children are saved in {target}: "
        f"put it in the place of {path.name} (and move {path.name}-wal and {path.name}-shm away), and the same "
        "command continues from them"
    )


def _read(path: Path) -> tuple[dict[str, str], int, list[_Row]]:
    """Meta rows as stored, the number of stages, and the ended children."""
    try:
        # Read-only: a write-ahead log that belongs to the file is read, and nothing is checkpointed into it.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            meta = {row["key"]: row["value"] for row in _each(db, "SELECT * FROM meta")}
            stages = sum(1 for _ in _each(db, "SELECT b FROM stages"))
            ended = [
                row for row in _by_id(db) if row["status"] in _ENDED and row["cell"] and row["key"]
            ]
            return meta, stages, ended
    except sqlite3.DatabaseError:
        return {}, 0, []


def _each(db: sqlite3.Connection, query: str) -> Iterator[sqlite3.Row]:
    """The rows before the first unreadable one."""
    try:
        yield from db.execute(query)
    except sqlite3.DatabaseError:
        return


def _by_id(db: sqlite3.Connection) -> Iterator[_Row]:
    """Children one by one: those that lie behind a damaged page too."""
    number = 0
    missing = 0
    while missing < _LONGEST_GAP:
        number = number + 1
        missing = missing + 1
        try:
            row = db.execute("SELECT * FROM children WHERE id = ?", (number,)).fetchone()
        except sqlite3.DatabaseError:
            continue
        if row is not None:
            missing = 0
            yield {name: row[name] for name in _COLUMNS}


def _write(target: Path, meta: dict[str, str], children: list[_Row]) -> None:
    kept = {key: value for key, value in meta.items() if key != "schema_version"}
    changed = {"status": "running", "test_accuracy": None, "tracked": False}
    kept |= {key: json.dumps(value) for key, value in changed.items()}
    kept.setdefault("search_id", json.dumps(uuid.uuid4().hex))
    names = ", ".join(_COLUMNS)
    marks = ", ".join("?" * len(_COLUMNS))
    with closing(connect(target, writer=True)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("REPLACE INTO meta VALUES (?, ?)", kept.items())
        rows = [tuple(child.values()) for child in children]
        db.executemany(f"INSERT OR IGNORE INTO children ({names}) VALUES ({marks})", rows)
        db.execute("COMMIT")


def _unused(path: Path) -> Path:
    """``path``, or the first numbered name like it that is free."""
    names = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    return next(candidate for candidate in chain((path,), names) if not candidate.exists())
