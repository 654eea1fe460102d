"""Children that any search has trained, kept in one SQLite file that many searches read and write at once.

A reward belongs to what it was measured on: the canonical cell, the seed, and the *context*, which is everything
else that decides it (data, network, trainer, device). Only children that were trained to their end are kept.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from pnas.errors import InvalidValue, require
from pnas.records.child_records import ChildJob, ChildResult, Status

FORMAT = 1
"""Raised when the training code changes what a reward means; rewards of other formats are not found."""

CACHED_SEED = "cached_seed"
"""Name under which the metrics of a reused child hold the seed that it was trained with."""

_APPLICATION_ID = 0x706E6173  # "pnas", in the file's header
_SCHEMA = """
CREATE TABLE IF NOT EXISTS evaluations (
    context TEXT NOT NULL,
    key TEXT NOT NULL,
    seed INTEGER NOT NULL,
    cell TEXT NOT NULL,
    reward REAL NOT NULL,
    params INTEGER,
    flops INTEGER,
    seconds REAL NOT NULL,
    metrics TEXT NOT NULL,
    trained_at REAL NOT NULL,
    PRIMARY KEY (context, key, seed, cell)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True)
class CacheSpec:
    """Settings of the `cache` config group.

    Attributes:
        path: the file, made if missing; None = every search trains its own children.
        any_seed: take the reward of a child whatever seed it was trained with.
    """

    path: str | None = None
    any_seed: bool = False

    def __post_init__(self) -> None:
        is_path = self.path is None or (isinstance(self.path, str) and self.path.strip() != "")
        require(is_path, "cache.path", "must be the path of a file, or null", self.path)
        require(
            isinstance(self.any_seed, bool),
            "cache.any_seed",
            "must be true or false",
            self.any_seed,
        )


class Found(NamedTuple):
    """A stored child, and the seed it was trained with."""

    result: ChildResult
    seed: int


class EvaluationCache:
    """The children of one context in the file at ``path``.

    Safe with any number of processes: each call is one transaction, and waits for others up to a minute.

    Args:
        path: the SQLite file.
        context: see `context_of`.
        any_seed: as in `CacheSpec`.

    Raises:
        InvalidValue: the file cannot be made or read, or is something else.
    """

    def __init__(self, path: Path | str, context: str, any_seed: bool = False) -> None:
        self.path = Path(path).expanduser().absolute()
        self._context = context
        self._any_seed = any_seed
        require(
            self.path.parent.is_dir(), "cache.path", "must lie in an existing directory", str(path)
        )
        require(not self.path.is_dir(), "cache.path", "must be a file", str(path))
        try:
            self._prepare()
        except sqlite3.Error as error:
            rule = f"must be a file that can be written as an evaluation cache ({error})"
            raise InvalidValue("cache.path", rule, str(path)) from None

    def get(self, key: str, job: ChildJob) -> Found | None:
        """The stored child of canonical ``key``: in the written form of ``job`` if there is one, else another.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        rows = "SELECT * FROM evaluations WHERE context = ? AND key = ? AND (seed = ? OR ?) "
        order = "ORDER BY seed = ? DESC, cell = ? DESC, trained_at LIMIT 1"
        values = (self._context, key, job.seed, self._any_seed, job.seed, str(job.cell))
        with closing(self._connect()) as db:
            row = db.execute(rows + order, values).fetchone()
        return None if row is None else _found(row, job)

    def put(self, key: str, result: ChildResult) -> None:
        """Keep ``result`` unless it failed; what is there already stays.

        Raises:
            sqlite3.Error: the file cannot be written.
        """
        if result.status is not Status.OK or result.reward is None:
            return
        metrics = json.dumps({name: list(values) for name, values in result.metrics.items()})
        sizes = (result.params, result.flops, result.seconds)
        row = (
            self._context,
            key,
            result.seed,
            str(result.cell),
            result.reward,
            *sizes,
            metrics,
            time.time(),
        )
        with closing(self._connect()) as db:
            db.execute(
                "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                row,
            )

    def _connect(self) -> sqlite3.Connection:
        # One connection a call: a search takes minutes between calls, and none is then held across a fork.
        db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        db.row_factory = sqlite3.Row
        return db

    def _prepare(self) -> None:
        with closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            empty = db.execute("SELECT 1 FROM sqlite_master").fetchone() is None
            mark = db.execute("PRAGMA application_id").fetchone()[0]
            if not empty and mark != _APPLICATION_ID:
                raise sqlite3.DatabaseError("it holds something else")
            db.execute(_SCHEMA)
            db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            db.execute("COMMIT")
            # Readers then never wait for a writer. It needs the file to be free for an instant.
            db.execute("PRAGMA journal_mode=WAL")


def context_of(**parts: Any) -> str:
    """Digest of everything, besides cell and seed, that decides a reward; ``parts`` are plain data."""
    text = json.dumps({"format": FORMAT, **parts}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def reused(found: Found, job: ChildJob) -> ChildResult:
    """What a search records of ``job`` when it takes ``found`` instead of training: marked, and without time."""
    metrics = {**found.result.metrics, CACHED_SEED: [float(found.seed)]}
    return replace(found.result, cell=job.cell, seed=job.seed, metrics=metrics, seconds=0.0)


def seed_if_cached(metrics: Mapping[str, Any]) -> int | None:
    """The seed that a reused child was trained with; None for a child that its own search has trained."""
    values = metrics.get(CACHED_SEED)
    return int(values[0]) if values else None


def _found(row: sqlite3.Row, job: ChildJob) -> Found:
    metrics = {
        str(name): [float(value) for value in values]
        for name, values in json.loads(row["metrics"]).items()
    }
    sizes = (row["params"], row["flops"], row["seconds"])
    return Found(
        ChildResult(job.cell, row["seed"], Status.OK, row["reward"], metrics, *sizes), row["seed"]
    )
