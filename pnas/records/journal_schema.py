"""The journal's tables: how a file is opened, told from a foreign one, and brought to this version.

Version 1 had neither events nor spare children, and did not know when and to whom a child was handed out.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pnas.errors import NotWritable, RunDirectoryError

SCHEMA_VERSION = 2

_META = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"
_STAGES = """
CREATE TABLE stages (
    b INTEGER PRIMARY KEY,
    candidates_scored INTEGER NOT NULL,
    unique_candidates INTEGER NOT NULL,
    seconds_scoring REAL NOT NULL,
    opened_at REAL NOT NULL,
    closed_at REAL,
    predictor TEXT
) STRICT;
"""
# A child without a position is spare: it was trained for a plan that a larger K has replaced.
_CHILDREN = """
CREATE TABLE children (
    id INTEGER PRIMARY KEY,
    b INTEGER NOT NULL,
    position INTEGER,
    cell TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    seed INTEGER NOT NULL,
    predicted REAL,
    status TEXT NOT NULL,
    reward REAL,
    params INTEGER,
    flops INTEGER,
    seconds REAL,
    error TEXT,
    metrics TEXT,
    ended_at REAL,
    started_at REAL,
    worker TEXT,
    starts INTEGER NOT NULL DEFAULT 0,
    UNIQUE (b, position)
) STRICT;
"""
_EVENTS = """
CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
"""

_V1_COLUMNS = "id, b, position, cell, key, seed, predicted, status, reward, params, flops, seconds, error, metrics, ended_at"
_MIGRATIONS = {
    1: f"""
ALTER TABLE children RENAME TO children_v1;
{_CHILDREN}
INSERT INTO children ({_V1_COLUMNS}, starts) SELECT {_V1_COLUMNS}, ended_at IS NOT NULL FROM children_v1;
DROP TABLE children_v1;
{_EVENTS}
"""
}
"""What makes the next version of each older one."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NOT_WRITABLE = {
    sqlite3.SQLITE_FULL: "there is no room left",
    sqlite3.SQLITE_IOERR: "the disk does not take it",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_CANTOPEN: "it may not be opened",
    sqlite3.SQLITE_BUSY: "another program has locked it",
}


class JournalDamaged(RunDirectoryError):
    """The file is, or was, a journal, but SQLite cannot read all of it."""


def connect(path: Path, writer: bool) -> sqlite3.Connection:
    """An open journal of this version.

    Args:
        path: the file.
        writer: whether facts will be stored. A writer makes a journal where there is none, reads a present one once
            as a whole, so that damage is found now and not in the middle of a search, and brings an old one up to
            date. A reader changes nothing.

    Raises:
        RunDirectoryError: not a journal, one written by a newer version, damaged, or not writable.
    """
    with explained(path):
        if not writer:
            return _connect_reader(path)
        if not path.exists():
            _make(path)
        # Looked at read-only first: a writer would bring pages from the write-ahead log into a damaged file.
        with closing(_open_to_read(path)) as db:
            _check_whole(db, path)
            version = version_of(db, path)
        return _connect_writer(path, version)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a file into errors that a user understands.

    Raises:
        JournalDamaged: the file cannot be read as a database, or not all of it.
        NotWritable: no room, no permission, a failing disk.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        # Extended codes carry the primary one in their low byte. Errors of Python's own module have none.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGED:
            raise JournalDamaged(f"{path}: cannot be read as a journal ({error})") from error
        if code in _NOT_WRITABLE:
            raise NotWritable(
                f"{path}: cannot be written: {_NOT_WRITABLE[code]} ({error}). "
                "What was stored is intact; the same command continues when this is put right"
            ) from error
        raise


def _make(path: Path) -> None:
    """A kill leaves either no journal or one with all its tables."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(draft, isolation_level=None)) as db:
        tables = _META + _STAGES + _CHILDREN + _EVENTS
        db.executescript(
            f"BEGIN IMMEDIATE; {tables} INSERT INTO meta VALUES {_version(SCHEMA_VERSION)}; COMMIT;"
        )
    draft.replace(path)


def _connect_writer(path: Path, version: int) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode=WAL")
        # FULL: a child is minutes to hours of training, and a commit costs about a millisecond.
        db.execute("PRAGMA synchronous=FULL")
        for old in range(version, SCHEMA_VERSION):
            step = f"{_MIGRATIONS[old]} REPLACE INTO meta VALUES {_version(old + 1)};"
            db.executescript(f"BEGIN IMMEDIATE; {step} COMMIT;")
    except BaseException:
        db.close()
        raise
    return db


def _connect_reader(path: Path) -> sqlite3.Connection:
    db = _open_to_read(path)
    try:
        version_of(db, path)
    except sqlite3.OperationalError as error:
        db.close()
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        # In a directory that may not be written there is no place for a reader's marks: nobody writes there either.
        db = _open_to_read(path, "&immutable=1")
        version_of(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _open_to_read(path: Path, options: str = "") -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{options}", uri=True, timeout=60, isolation_level=None
    )
    db.row_factory = sqlite3.Row
    return db


def _check_whole(db: sqlite3.Connection, path: Path) -> None:
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise JournalDamaged(f"{path}: cannot be read as a journal ({' '.join(found.split())})")


def _version(number: int) -> str:
    return f"('schema_version', '{number}')"


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """The schema version of an open journal.

    Raises:
        RunDirectoryError: not a journal, or a newer version than this one.
    """
    tables = {
        row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    if not {"meta", "stages", "children"} <= tables:
        raise RunDirectoryError(f"{path}: is not a pnas journal")
    row = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    if row is None or not row["value"].isdecimal() or int(row["value"]) < 1:
        raise RunDirectoryError(f"{path}: is not a pnas journal (it has no version)")
    if int(row["value"]) > SCHEMA_VERSION:
        raise RunDirectoryError(
            f"{path}: was written by a newer pnas (schema {row['value']}, this one: {SCHEMA_VERSION})"
        )
    return int(row["value"])
