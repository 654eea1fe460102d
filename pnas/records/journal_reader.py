"""Reading a journal: every fact of one search, from any thread or process, while it is written."""

import sqlite3
from pathlib import Path
from typing import Any, Self

from pnas.errors import RunDirectoryError
from pnas.records.child_store import ChildStore
from pnas.records.journal_connection import connect
from pnas.records.journal_errors import translate_sqlite_errors
from pnas.records.journal_records import ChildRecord, Event, StageRecord
from pnas.records.journal_rows import parse_event, parse_meta, parse_stage
from pnas.records.journal_schema import has_events


class JournalReader:
    """The facts of one search in ``<run directory>/journal.sqlite``, to be read.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path | str, create: bool = False) -> None:
        """Open the journal at ``path``.

        Args:
            path: The file.
            create: Open it for writing: it is made if missing, an earlier version is brought to
                this one, and the whole file is checked for damage.

        Raises:
            RunDirectoryError: There is no journal, or it is none, written by a newer version,
                damaged, or not writable.
        """
        self.path = Path(path)
        if not create and not self.path.is_file():
            raise RunDirectoryError(
                f"{self.path.parent}: is not a run directory (it has no {self.path.name})"
            )
        self._db = connect(self.path, writer=create)
        self._children = ChildStore(self._db, self.path)

    def close(self) -> None:
        """Close the file. The journal is of no use afterwards."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def meta(self, key: str, default: Any = None) -> Any:
        """Return the fact about the whole search that is stored under ``key``.

        Args:
            key: Such as config, search_id, search_seconds, status, test_accuracy or tracking.
            default: Returned if nothing is stored under ``key``.
        """
        rows = self._rows("SELECT value FROM meta WHERE key = ?", key)
        return parse_meta(key, rows[0]["value"], self.path) if rows else default

    def events(self) -> list[Event]:
        """Return all events in order; none for a journal of version 1, which had no events."""
        if not has_events(self._db):
            return []
        rows = self._rows("SELECT * FROM events ORDER BY id")
        return [parse_event(row, self.path) for row in rows]

    def stages(self) -> list[StageRecord]:
        """Return the stages opened so far, in order."""
        rows = self._rows("SELECT * FROM stages ORDER BY b")
        return [parse_stage(row, self.path) for row in rows]

    def children(self, b: int | None = None) -> list[ChildRecord]:
        """Return the children of stage ``b``, or of all stages, in the order of their choice."""
        with translate_sqlite_errors(self.path):
            return self._children.chosen() if b is None else self._children.of_stage(b)

    def superseded(self) -> list[ChildRecord]:
        """Return the children that were trained for a plan that no longer holds.

        Nothing is decided by them.
        """
        with translate_sqlite_errors(self.path):
            return self._children.superseded()

    def num_ended(self) -> int:
        """Return how many children have ended, superseded ones included."""
        (row,) = self._rows("SELECT COUNT(*) AS ended FROM children WHERE ended_at IS NOT NULL")
        return int(row["ended"])

    def child(self, key: str) -> ChildRecord:
        """Return the child ``key``."""
        with translate_sqlite_errors(self.path):
            return self._children.get(key)

    def find_child(self, key: str) -> ChildRecord | None:
        """Return the child ``key``; None if there is none."""
        with translate_sqlite_errors(self.path):
            return self._children.find(key)

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with translate_sqlite_errors(self.path):
            return self._db.execute(query, values).fetchall()
