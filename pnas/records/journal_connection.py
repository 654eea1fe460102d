"""How a journal's file is opened: made if missing, checked as a whole, brought to this version."""

import sqlite3
from contextlib import closing
from pathlib import Path

from pnas.records.journal_errors import JournalDamaged, primary_code, translate_sqlite_errors
from pnas.records.journal_rows import parse_child, parse_event, parse_meta, parse_stage
from pnas.records.journal_schema import create_tables, has_events, migrate, version_of

_SECONDS_TO_WAIT_FOR_A_LOCK = 60


def connect(path: Path, writer: bool) -> sqlite3.Connection:
    """Open the journal ``path`` and return a connection to this version of it.

    Args:
        path: The file.
        writer: Whether facts will be stored. A writer makes a journal where there is none, reads
            an existing one as a whole once, so that damage is found now and not in the middle of a
            search, and brings an earlier version up to date. A reader changes nothing.

    Raises:
        RunDirectoryError: The file is no journal, written by a newer version, damaged, or not
            writable.
    """
    with translate_sqlite_errors(path):
        if not writer:
            return _connect_reader(path)
        if not path.exists():
            _create(path)
        # Read-only first: a writer would bring pages from the write-ahead log into a damaged file.
        with closing(_open_to_read(path)) as db:
            _check_pages(db, path)
            version = version_of(db, path)
            _check_values(db, path)
        return _connect_writer(path, version)


def _create(path: Path) -> None:
    """Make a journal; a kill leaves either none or one with all its tables."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(draft, isolation_level=None)) as db:
        create_tables(db)
    draft.replace(path)


def _connect_writer(path: Path, version: int) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_SECONDS_TO_WAIT_FOR_A_LOCK, isolation_level=None)
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode=WAL")
        # FULL: a child is minutes to hours of training, and a commit costs about a millisecond.
        db.execute("PRAGMA synchronous=FULL")
        migrate(db, version)
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
        if primary_code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        # A read-only directory has no place for a reader's marks. Nobody writes there either.
        return _connect_reader_of_archive(path)
    except BaseException:
        db.close()
        raise
    return db


def _connect_reader_of_archive(path: Path) -> sqlite3.Connection:
    db = _open_to_read(path, options="&immutable=1")
    try:
        version_of(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _open_to_read(path: Path, options: str = "") -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro{options}"
    db = sqlite3.connect(uri, uri=True, timeout=_SECONDS_TO_WAIT_FOR_A_LOCK, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def _check_pages(db: sqlite3.Connection, path: Path) -> None:
    try:
        found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except UnicodeDecodeError as error:
        # The reason quotes a name in the schema, which a flipped byte has spoiled.
        raise JournalDamaged(f"{path}: cannot be read as a journal ({error})") from error
    if found != "ok":
        reason = " ".join(found.split())
        raise JournalDamaged(f"{path}: cannot be read as a journal ({reason})")


def _check_values(db: sqlite3.Connection, path: Path) -> None:
    """Read every value once, so that a malformed one is found now."""
    for row in db.execute("SELECT * FROM meta"):
        parse_meta(row["key"], row["value"], path)
    for row in db.execute("SELECT * FROM stages"):
        parse_stage(row, path)
    for row in db.execute("SELECT * FROM children"):
        parse_child(row, path)
    if has_events(db):
        for row in db.execute("SELECT * FROM events"):
            parse_event(row, path)
