"""What can be wrong with a journal, in words that its user understands."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pnas.errors import MalformedFile, NotWritable, RunDirectoryError

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NOT_WRITABLE = {
    sqlite3.SQLITE_FULL: "there is no room left",
    sqlite3.SQLITE_IOERR: "the disk does not take it",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_CANTOPEN: "it may not be opened",
    sqlite3.SQLITE_BUSY: "another program has locked it",
}


class JournalDamaged(RunDirectoryError):
    """The file is, or was, a journal, but not all of it can be read."""


class JournalMalformed(MalformedFile, JournalDamaged):
    """SQLite can read the journal, but it holds a value that no search has stored."""


@contextmanager
def translate_sqlite_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite says of the file ``path`` into errors that a user understands.

    Raises:
        JournalDamaged: The file cannot be read as a database, or not all of it.
        NotWritable: There is no room or no permission, or the disk fails.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = primary_code(error)
        if code in _DAMAGED or _is_bad_text(error):
            raise JournalDamaged(f"{path}: cannot be read as a journal ({error})") from error
        if code in _NOT_WRITABLE:
            raise NotWritable(
                f"{path}: cannot be written: {_NOT_WRITABLE[code]} ({error}). "
                "What was stored is intact; the same command continues when this is corrected"
            ) from error
        if _lacks_a_column(error):
            raise JournalDamaged(f"{path}: is not a pnas journal ({error})") from error
        raise


def primary_code(error: sqlite3.DatabaseError) -> int:
    """Return SQLite's primary result code of ``error``; 0 for an error of Python's own module."""
    # Extended codes carry the primary one in their low byte.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_bad_text(error: sqlite3.DatabaseError) -> bool:
    # Python's own message; flipped bits in text pass SQLite's checks.
    return "decode to UTF-8" in str(error)


def _lacks_a_column(error: sqlite3.DatabaseError) -> bool:
    message = str(error)
    return "no such column" in message or "no such table" in message
