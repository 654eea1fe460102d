"""Saving what can still be read of a damaged journal. The damaged file is never written."""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from pnas.records.child_records import Status
from pnas.records.journal_connection import connect
from pnas.records.journal_errors import JournalMalformed
from pnas.records.journal_rows import parse_child, parse_meta
from pnas.records.plan_facts import FACTS_OF_PLAN

_ENDED = (Status.OK, Status.FAILED, Status.STOPPED)

_LONGEST_GAP = 2000
"""Row ids without a row after which no more are expected; a damaged page holds about ten."""

_COLUMNS = (
    "b",
    "cell",
    "key",
    "seed",
    "status",
    "reward",
    "params",
    "flops",
    "seconds",
    "error",
    "metrics",
    "ended_at",
)

_Row = dict[str, Any]


@dataclass
class _Readable:
    """What could be read: stored facts by key, ended children, and the number of stages."""

    meta: dict[str, str] = field(default_factory=dict)
    children: list[_Row] = field(default_factory=list)
    stages: int = 0


def save_what_can_be_read(path: Path) -> str:
    """Save what can still be read of the damaged journal ``path`` beside it.

    The copy is a journal whose ended children are all superseded: a search that continues on it
    plans its stages again and finds the results that were saved. Not even a stage that seems whole
    can be trusted to have all its children.

    Returns:
        One sentence that says what was saved and where, or what is missing.
    """
    readable = _read(path)
    ended = len(readable.children)
    if "config" not in readable.meta or ended == 0:
        config = "readable" if "config" in readable.meta else "lost"
        return (
            f"Still readable: {ended} ended children; its configuration is {config}. That is "
            "nothing to continue from: restore the file from a backup, or choose another name"
        )

    target = _unused(path.with_name(f"{path.stem}.recovered{path.suffix}"))
    _write(target, readable)
    return (
        f"Still readable: {ended} ended children, {readable.stages} stages. The children are saved "
        f"in {target}: put it in the place of {path.name} (and move {path.name}-wal and "
        f"{path.name}-shm away), and the same command continues from them"
    )


def _read(path: Path) -> _Readable:
    readable = _Readable()
    # Read-only: a write-ahead log that belongs to the file is read, not written into it.
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as db:
            db.row_factory = sqlite3.Row
            db.text_factory = _decode
            readable.meta = _read_meta(db, path)
            readable.stages = sum(1 for _ in _readable_rows(db, "SELECT b FROM stages"))
            readable.children = _read_ended_children(db, path)
    except sqlite3.DatabaseError:
        return _Readable()
    return readable


def _decode(text: bytes) -> str:
    return text.decode(errors="replace")


def _read_meta(db: sqlite3.Connection, path: Path) -> dict[str, str]:
    meta: dict[str, str] = {}
    for row in _readable_rows(db, "SELECT * FROM meta"):
        try:
            parse_meta(row["key"], row["value"], path)
        except JournalMalformed:
            continue
        meta[row["key"]] = row["value"]
    return meta


def _read_ended_children(db: sqlite3.Connection, path: Path) -> list[_Row]:
    ended: list[_Row] = []
    for row in _children_by_id(db):
        try:
            child = parse_child(row, path)
        except JournalMalformed:
            continue
        if child.status in _ENDED:
            ended.append({name: row[name] for name in _COLUMNS})
    return ended


def _readable_rows(db: sqlite3.Connection, query: str) -> Iterator[sqlite3.Row]:
    """Yield the rows before the first unreadable one."""
    try:
        yield from db.execute(query)
    except sqlite3.DatabaseError:
        return


def _children_by_id(db: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    """Yield children one by one, those behind a damaged page too."""
    missing = 0
    for number in count(1):
        if missing == _LONGEST_GAP:
            return
        missing += 1
        try:
            row = db.execute("SELECT * FROM children WHERE id = ?", (number,)).fetchone()
        except sqlite3.DatabaseError:
            continue
        if row is not None:
            missing = 0
            yield row


def _write(target: Path, readable: _Readable) -> None:
    """Make the journal ``target`` of what could be read."""
    meta = dict(readable.meta)
    meta.pop("schema_version", None)
    meta.setdefault("search_id", json.dumps(uuid.uuid4().hex))
    # The search goes on, so what was true of its end is not true any more.
    meta["status"] = json.dumps("running")
    meta["test_accuracy"] = json.dumps(None)
    meta["tracked"] = json.dumps(False)
    for name in FACTS_OF_PLAN:
        meta.pop(name, None)

    names = ", ".join(_COLUMNS)
    parameters = ", ".join(f":{name}" for name in _COLUMNS)
    with closing(connect(target, writer=True)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("REPLACE INTO meta VALUES (?, ?)", meta.items())
        db.executemany(
            f"INSERT OR IGNORE INTO children ({names}) VALUES ({parameters})", readable.children
        )
        db.execute("COMMIT")


def _unused(path: Path) -> Path:
    """Return ``path``, or the first numbered name like it that is free."""
    return next(candidate for candidate in _numbered(path) if not candidate.exists())


def _numbered(path: Path) -> Iterable[Path]:
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
