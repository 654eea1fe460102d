"""The journal: every fact of one search in one SQLite file, the only thing a search is resumed from.

Each method is one transaction, and each is done before anything depends on what it stores. Everything else a
run leaves behind (summary.json, children.csv, MLflow, reports) is derived from here and can be made again.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pnas.errors import RunDirectoryError
from pnas.records.child import ChildResult, Status
from pnas.state_space import Cell

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE stages (
    b INTEGER PRIMARY KEY,
    candidates_scored INTEGER NOT NULL,
    unique_candidates INTEGER NOT NULL,
    seconds_scoring REAL NOT NULL,
    opened_at REAL NOT NULL,
    closed_at REAL,
    predictor TEXT
) STRICT;
CREATE TABLE children (
    id INTEGER PRIMARY KEY,
    b INTEGER NOT NULL REFERENCES stages (b),
    position INTEGER NOT NULL,
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
    UNIQUE (b, position)
) STRICT;
"""


@dataclass(frozen=True)
class StageRecord:
    """One stage as stored. ``predictor`` holds what summary.json shows of it, None until it was trained."""

    b: int
    candidates_scored: int
    unique_candidates: int
    seconds_scoring: float
    opened_at: float
    closed_at: float | None
    predictor: dict[str, Any] | None


@dataclass(frozen=True)
class ChildRecord:
    """One child as stored: what was chosen (with its prediction, None at stage 1) and, once ended, its result.

    ``ended_at`` is in seconds since the epoch; ``position`` is its 0-based place in the stage's order.
    """

    id: int
    b: int
    position: int
    cell: Cell
    key: str
    seed: int
    predicted: float | None
    status: Status
    reward: float | None
    params: int | None
    flops: int | None
    seconds: float | None
    error: str | None
    metrics: dict[str, list[float]]
    ended_at: float | None


@dataclass(frozen=True)
class Choice:
    """A child chosen for a stage: its cell, identity, seed and predicted reward."""

    cell: Cell
    key: str
    seed: int
    predicted: float | None


class Journal:
    """One search's facts in ``<run directory>/journal.sqlite``.

    One writer at a time (`pnas.records.rundir` holds the lock); any number of readers, from other threads and
    processes, each through its own `Journal`.
    """

    def __init__(self, path: Path | str, create: bool = False) -> None:
        """Open the journal at ``path``; with ``create``, make an empty one if there is none.

        Raises:
            RunDirectoryError: no journal there, not a journal, or one written by a newer version.
        """
        self.path = Path(path)
        if not create and not self.path.is_file():
            raise RunDirectoryError(f"{self.path.parent}: is not a run directory (it has no {self.path.name})")
        try:
            self._db = self._connect(create)
        except sqlite3.DatabaseError as error:
            raise RunDirectoryError(f"{self.path}: cannot be read as a journal ({error})") from error

    def _connect(self, create: bool) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode=WAL")
        # FULL: a child is minutes to hours of training, and a commit costs about a millisecond.
        db.execute("PRAGMA synchronous=FULL")
        if create and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            db.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} INSERT INTO meta VALUES ('schema_version', '{SCHEMA_VERSION}'); COMMIT;"
            )
        _check_schema(db, self.path)
        return db

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # -- facts about the whole search ------------------------------------------------------------------------

    def set_meta(self, **values: Any) -> None:
        """Store JSON values by name (config, search_id, search_seconds, status, test_accuracy, tracking, ...)."""
        rows = [(key, json.dumps(value)) for key, value in values.items()]
        with self._transaction() as db:
            db.executemany("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", rows)

    def meta(self, key: str, default: Any = None) -> Any:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row["value"])

    # -- stages ------------------------------------------------------------------------------------------------

    def open_stage(
        self,
        b: int,
        choices: Sequence[Choice],
        candidates_scored: int,
        unique_candidates: int,
        seconds_scoring: float,
    ) -> None:
        """Store a stage and the children chosen for it, before the first of them is trained."""
        rows = [(b, i, str(c.cell), c.key, c.seed, c.predicted, Status.CHOSEN) for i, c in enumerate(choices)]
        with self._transaction() as db:
            db.execute(
                "INSERT INTO stages VALUES (?, ?, ?, ?, ?, NULL, NULL)",
                (b, candidates_scored, unique_candidates, seconds_scoring, time.time()),
            )
            db.executemany(
                "INSERT INTO children (b, position, cell, key, seed, predicted, status) VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def close_stage(self, b: int, learned: Mapping[str, Any] | None) -> None:
        """Store that all children of stage ``b`` have ended and what the predictor learned from them.

        ``spearman_next`` of ``learned`` judges the predictions made for this stage, so it is stored with the
        stage whose predictor made them.
        """
        learned = dict(learned or {})
        judged = learned.pop("spearman_next", None)
        with self._transaction() as db:
            db.execute(
                "UPDATE stages SET predictor = json_set(predictor, '$.spearman_next', ?) "
                "WHERE b = ? AND predictor IS NOT NULL",
                (judged, b - 1),
            )
            db.execute(
                "UPDATE stages SET closed_at = ?, predictor = ? WHERE b = ?",
                (time.time(), json.dumps({**learned, "spearman_next": None}) if learned else None, b),
            )

    def reopen_unfinished_stage(self) -> None:
        """Open the last stage again if it was closed before all of its children were trained."""
        with self._transaction() as db:
            db.execute(
                "UPDATE stages SET closed_at = NULL, predictor = NULL WHERE b = (SELECT max(b) FROM stages) "
                "AND EXISTS (SELECT 1 FROM children WHERE children.b = stages.b AND status = ?)",
                (Status.CHOSEN,),
            )

    def stages(self) -> list[StageRecord]:
        """The stages opened so far, in order."""
        return [_stage(row) for row in self._db.execute("SELECT * FROM stages ORDER BY b")]

    # -- children ------------------------------------------------------------------------------------------------

    def end_child(self, key: str, result: ChildResult) -> None:
        """Store the result of the chosen child ``key``. A child that has ended stays as it ended first."""
        metrics = json.dumps({name: list(values) for name, values in result.metrics.items()})
        with self._transaction() as db:
            db.execute(
                "UPDATE children SET status = ?, reward = ?, params = ?, flops = ?, seconds = ?, error = ?, "
                "metrics = ?, ended_at = ? WHERE key = ? AND status = ?",
                (
                    result.status,
                    result.reward,
                    result.params,
                    result.flops,
                    result.seconds,
                    result.error,
                    metrics,
                    time.time(),
                    key,
                    Status.CHOSEN,
                ),
            )

    def reopen_failed(self, b: int) -> None:
        """Make the failed children of the open stage ``b`` ones that are still to be trained."""
        with self._transaction() as db:
            db.execute(
                "UPDATE children SET status = ?, error = NULL, seconds = NULL, metrics = NULL, ended_at = NULL "
                "WHERE b = ? AND status = ?",
                (Status.CHOSEN, b, Status.FAILED),
            )

    def children(self, b: int | None = None) -> list[ChildRecord]:
        """The children of stage ``b`` (or of all stages), in the order in which they were asked for."""
        where = "" if b is None else f"WHERE b = {int(b)}"
        return [_child(row) for row in self._db.execute(f"SELECT * FROM children {where} ORDER BY b, position")]

    def child(self, key: str) -> ChildRecord:
        """The chosen child ``key``."""
        return _child(self._db.execute("SELECT * FROM children WHERE key = ?", (key,)).fetchone())


def best_child(children: Iterable[ChildRecord]) -> ChildRecord | None:
    """The child of highest reward; of equals the first asked for. None if none has a reward."""
    ended = [child for child in children if child.reward is not None]
    return max(ended, key=lambda child: (child.reward, -child.id), default=None)


def _check_schema(db: sqlite3.Connection, path: Path) -> None:
    tables = {row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"meta", "stages", "children"} <= tables:
        raise RunDirectoryError(f"{path}: is not a pnas journal")
    version = int(db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()["value"])
    if version > SCHEMA_VERSION:
        raise RunDirectoryError(f"{path}: was written by a newer pnas (schema {version}, this one: {SCHEMA_VERSION})")


def _stage(row: sqlite3.Row) -> StageRecord:
    return StageRecord(**{**dict(row), "predictor": row["predictor"] and json.loads(row["predictor"])})


def _child(row: sqlite3.Row) -> ChildRecord:
    fields = {**dict(row), "cell": Cell.parse(row["cell"]), "status": Status(row["status"])}
    return ChildRecord(**{**fields, "metrics": json.loads(row["metrics"] or "{}")})
