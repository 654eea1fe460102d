"""The tables of a journal, and how those of earlier versions become this version's.

Version 1 had neither events nor superseded children, and did not know when and to whom a child was
handed out.
"""

import sqlite3
from pathlib import Path

from pnas.errors import RunDirectoryError

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
# A child without a position is superseded: it was trained for a plan that a larger K has replaced.
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
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
"""

_COLUMNS_OF_VERSION_1 = (
    "id, b, position, cell, key, seed, predicted, status, reward, params, flops, seconds, "
    "error, metrics, ended_at"
)
_MIGRATIONS = {
    1: f"""
ALTER TABLE children RENAME TO children_v1;
{_CHILDREN}
INSERT INTO children ({_COLUMNS_OF_VERSION_1}, starts)
    SELECT {_COLUMNS_OF_VERSION_1}, ended_at IS NOT NULL FROM children_v1;
DROP TABLE children_v1;
{_EVENTS}
"""
}
"""Statements that make the next version of each earlier one, by its number."""

_OWN_TABLES = frozenset({"meta", "stages", "children"})


def create_tables(db: sqlite3.Connection) -> None:
    """Create the tables of this version in an empty database, in one transaction."""
    tables = _META + _STAGES + _CHILDREN + _EVENTS
    version = f"INSERT INTO meta VALUES {_version_row(SCHEMA_VERSION)};"
    db.executescript(f"BEGIN IMMEDIATE; {tables} {version} COMMIT;")


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring the tables of ``version`` to this version, one transaction a step."""
    for earlier in range(version, SCHEMA_VERSION):
        new_version = f"REPLACE INTO meta VALUES {_version_row(earlier + 1)};"
        db.executescript(f"BEGIN IMMEDIATE; {_MIGRATIONS[earlier]} {new_version} COMMIT;")


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """Return the schema version of an open journal.

    Raises:
        RunDirectoryError: The database is no journal, or one of a newer version than this one.
    """
    if not _table_names(db) >= _OWN_TABLES:
        raise RunDirectoryError(f"{path}: is not a pnas journal")

    row = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    version = _as_version(None if row is None else row["value"])
    if version is None:
        raise RunDirectoryError(f"{path}: is not a pnas journal (it has no version)")
    if version > SCHEMA_VERSION:
        raise RunDirectoryError(
            f"{path}: was written by a newer pnas (schema {version}, this one: {SCHEMA_VERSION})"
        )
    return version


def has_events(db: sqlite3.Connection) -> bool:
    """Whether an open journal has the table of events, which version 1 did not have."""
    return "events" in _table_names(db)


def _table_names(db: sqlite3.Connection) -> set[str]:
    rows = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row["name"] for row in rows}


def _as_version(text: object) -> int | None:
    """Return a stored version number; None if it is none."""
    # Nine digits: int() refuses texts of thousands.
    is_number = isinstance(text, str) and text.isdecimal() and len(text) < 10
    if not is_number:
        return None
    version = int(str(text))
    return version if version >= 1 else None


def _version_row(number: int) -> str:
    return f"('schema_version', '{number}')"
