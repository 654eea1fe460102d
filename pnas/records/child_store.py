"""The children of a journal in memory, so that a search of thousands does not read them all again
after each of them."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from pnas.records.journal_records import ChildRecord
from pnas.records.journal_rows import parse_child


class ChildStore:
    """All children of one journal, read once and again when another connection has written.

    Args:
        db: Open journal.
        path: Its file, for error messages.
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path
        self._data_version: int | None = None
        self._by_key: dict[str, ChildRecord] = {}
        self._stages: dict[int, list[str]] = {}
        self._superseded: list[str] = []

    def chosen(self) -> list[ChildRecord]:
        """Return the children of all stages, in the order in which they were chosen."""
        self._bring_up_to_date()
        found: list[ChildRecord] = []
        for keys in self._stages.values():
            found += self._records(keys)
        return found

    def of_stage(self, b: int) -> list[ChildRecord]:
        """Return the children of stage ``b``, in the order in which they were chosen."""
        self._bring_up_to_date()
        return self._records(self._stages.get(b, ()))

    def superseded(self) -> list[ChildRecord]:
        """Return the children that belong to no stage any more."""
        self._bring_up_to_date()
        return self._records(self._superseded)

    def get(self, key: str) -> ChildRecord:
        """Return the child ``key``."""
        self._bring_up_to_date()
        return self._by_key[key]

    def find(self, key: str) -> ChildRecord | None:
        """Return the child ``key``; None if there is none."""
        self._bring_up_to_date()
        return self._by_key.get(key)

    def reload(self, key: str) -> None:
        """Read the child ``key`` again, whose row this connection has changed."""
        if key in self._by_key:
            row = self._db.execute("SELECT * FROM children WHERE key = ?", (key,)).fetchone()
            self._by_key[key] = parse_child(row, self._path)

    def extend_stage(self, b: int, keys: Sequence[str]) -> None:
        """Read the children ``keys``, which this connection has added at the end of stage ``b``.

        Superseded children may be among them, as in `reload_stage`.
        """
        if self._data_version is None:
            return
        for key in keys:
            row = self._db.execute("SELECT * FROM children WHERE key = ?", (key,)).fetchone()
            self._by_key[key] = parse_child(row, self._path)
        self._stages.setdefault(b, []).extend(keys)
        self._no_longer_superseded(keys)

    def reload_stage(self, b: int) -> None:
        """Read the children of stage ``b`` again, which this connection has stored.

        Superseded children may be among them, which then belong to the stage.
        """
        if self._data_version is None:
            return
        rows = self._db.execute("SELECT * FROM children WHERE b = ? ORDER BY position", (b,))
        children = [parse_child(row, self._path) for row in rows]
        chosen = [child.key for child in children if child.position is not None]
        for child in children:
            self._by_key[child.key] = child
        self._stages[b] = chosen
        self._no_longer_superseded(chosen)

    def forget(self) -> None:
        """Read everything again when it is next asked for."""
        self._data_version = None

    def _no_longer_superseded(self, keys: Sequence[str]) -> None:
        if not self._superseded:
            return
        chosen = set(keys)
        self._superseded = [key for key in self._superseded if key not in chosen]

    def _records(self, keys: Iterable[str]) -> list[ChildRecord]:
        return [self._by_key[key] for key in keys]

    def _bring_up_to_date(self) -> None:
        # It changes when another connection commits, never by what this one does.
        data_version = self._db.execute("PRAGMA data_version").fetchone()[0]
        if data_version != self._data_version:
            self._read_all()
            self._data_version = data_version

    def _read_all(self) -> None:
        self._by_key.clear()
        self._stages.clear()
        self._superseded.clear()
        for row in self._db.execute("SELECT * FROM children ORDER BY b, position, id"):
            child = parse_child(row, self._path)
            self._by_key[child.key] = child
            if child.position is None:
                self._superseded.append(child.key)
            else:
                self._stages.setdefault(child.b, []).append(child.key)
