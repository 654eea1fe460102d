"""Children that any search has trained, in one SQLite file that many searches use at once.

A reward belongs to what it was measured on: the canonical cell, the seed, and the *context*, which
is everything else that decides it (data, network, trainer, device). Only children that were trained
to their end are kept.
"""

import hashlib
import json
import math
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from pnas.errors import InvalidValue, MalformedFile, require
from pnas.records.cache_spec import CacheSpec
from pnas.records.child_records import SHORT_REWARD, ChildJob, ChildResult, Status
from pnas.records.journal_rows import format_metrics
from pnas.system.stored_json import parse_json_mapping

__all__ = [
    "CACHED_SEED",
    "CacheSpec",
    "EvaluationCache",
    "Found",
    "context_of",
    "reused",
    "seed_if_cached",
]

FORMAT = 1
"""Raised when the training code changes what a reward means: older rewards are then not found."""

CACHED_SEED = "cached_seed"
"""Name under which the metrics of a reused child hold the seed that it was trained with."""

_APPLICATION_ID = 0x706E6173  # "pnas", in the file's header
_SECONDS_TO_WAIT_FOR_A_LOCK = 60
_LENGTH_OF_CONTEXT = 32
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
# The job's own seed first, then its own written form of the cell, then the oldest.
_FIND = """
SELECT * FROM evaluations
WHERE context = :context AND key = :key AND (seed = :seed OR :any_seed)
ORDER BY seed = :seed DESC, cell = :cell DESC, trained_at
LIMIT 1
"""
_ADD = """
INSERT INTO evaluations VALUES
    (:context, :key, :seed, :cell, :reward, :params, :flops, :seconds, :metrics, :trained_at)
ON CONFLICT DO NOTHING
"""


class Found(NamedTuple):
    """A stored child.

    Attributes:
        result: Its result.
        seed: Seed that it was trained with.
    """

    result: ChildResult
    seed: int


class EvaluationCache:
    """The children of one context in the file at ``path``.

    Safe with any number of processes: each call is one transaction, and waits for others up to a
    minute.
    """

    def __init__(self, path: Path | str, context: str, any_seed: bool = False) -> None:
        """Open the file, and make it if it is missing.

        Args:
            path: The SQLite file.
            context: Digest of what decides a reward besides cell and seed (`context_of`).
            any_seed: Whether children of every seed are found, as in `CacheSpec`.

        Raises:
            InvalidValue: The file cannot be made or read, or is something else.
        """
        self.path = Path(path).expanduser().absolute()
        self._context = context
        self._any_seed = any_seed

        has_folder = self.path.parent.is_dir()
        require(has_folder, "cache.path", "must lie in an existing directory", str(path))
        # A pipe would be waited for. Another search may make the file after the first question.
        is_file = not self.path.exists() or self.path.is_file()
        require(is_file, "cache.path", "must be a file", str(path))
        try:
            self._prepare()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            rule = f"must be a file that can be written as an evaluation cache ({error})"
            raise InvalidValue("cache.path", rule, str(path)) from None

    def get(self, key: str, job: ChildJob) -> Found | None:
        """Return the stored child of the canonical ``key``.

        A child in the written form of ``job`` is preferred to one in another form of the same cell.
        A further training of a cell is found by its own seed only: that of another seed may be the
        first training, and would pass for one that agrees with it.

        Raises:
            sqlite3.Error: The file cannot be read.
            MalformedFile: It holds a value that no search has stored.
        """
        values = {
            "context": self._context,
            "key": key,
            "seed": job.seed,
            "any_seed": self._any_seed and job.repeat == 1,
            "cell": str(job.cell),
        }
        with closing(self._connect()) as db:
            row = db.execute(_FIND, values).fetchone()
        return None if row is None else self._parse(row, job)

    def put(self, key: str, result: ChildResult) -> None:
        """Store ``result`` unless it failed, or has no finite reward. What is stored already stays.

        Raises:
            sqlite3.Error: The file cannot be written.
        """
        reward = _stored_reward(result)
        if result.status is not Status.OK or reward is None or not math.isfinite(reward):
            return
        values = {
            "context": self._context,
            "key": key,
            "seed": result.seed,
            "cell": str(result.cell),
            "reward": reward,
            "params": result.params,
            "flops": result.flops,
            "seconds": result.seconds,
            "metrics": format_metrics(result.metrics),
            "trained_at": time.time(),
        }
        with closing(self._connect()) as db:
            db.execute(_ADD, values)

    def _connect(self) -> sqlite3.Connection:
        # One connection a call: calls are minutes apart, and none is held across a fork.
        db = sqlite3.connect(self.path, timeout=_SECONDS_TO_WAIT_FOR_A_LOCK, isolation_level=None)
        db.row_factory = sqlite3.Row
        return db

    def _prepare(self) -> None:
        with closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            is_empty = db.execute("SELECT 1 FROM sqlite_master").fetchone() is None
            application = db.execute("PRAGMA application_id").fetchone()[0]
            if not is_empty and application != _APPLICATION_ID:
                raise sqlite3.DatabaseError("it holds something else")
            db.execute(_SCHEMA)
            db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            db.execute("COMMIT")
            # Readers then never wait for a writer. The switch needs the file alone for an instant.
            db.execute("PRAGMA journal_mode=WAL")

    def _parse(self, row: sqlite3.Row, job: ChildJob) -> Found:
        source = f"{self.path}: metrics of {row['key']!r:.80}"
        reward = row["reward"]
        if not math.isfinite(reward):
            raise MalformedFile(f"{self.path}: reward", "must be a finite number", reward)

        metrics: dict[str, list[float]] = {}
        for name, values in parse_json_mapping(row["metrics"], source).items():
            try:
                metrics[name] = [float(value) for value in values]
            except (TypeError, ValueError):
                raise MalformedFile(source, "must be lists of numbers", values) from None

        result = ChildResult(
            cell=job.cell,
            seed=row["seed"],
            status=Status.OK,
            reward=None if SHORT_REWARD in metrics else reward,
            metrics=metrics,
            params=row["params"],
            flops=row["flops"],
            seconds=row["seconds"],
        )
        return Found(result, row["seed"])


def _stored_reward(result: ChildResult) -> float | None:
    """Return the reward of a child, or what stands in its place after a short training."""
    short = result.metrics.get(SHORT_REWARD)
    return short[0] if short else result.reward


def context_of(**parts: Any) -> str:
    """Return the digest of everything, besides cell and seed, that decides a reward.

    Args:
        parts: Plain data by name.
    """
    text = json.dumps({"format": FORMAT, **parts}, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return digest[:_LENGTH_OF_CONTEXT]


def reused(found: Found, job: ChildJob) -> ChildResult:
    """Return the result that a search records for ``job`` when it takes ``found`` for it.

    It is marked as cached, and took no time.
    """
    metrics = {**found.result.metrics, CACHED_SEED: [float(found.seed)]}
    return replace(found.result, cell=job.cell, seed=job.seed, metrics=metrics, seconds=0.0)


def seed_if_cached(metrics: Mapping[str, Any]) -> int | None:
    """Return the seed that a reused child was trained with.

    Args:
        metrics: Metrics of the child.

    Returns:
        None for a child that its own search has trained.
    """
    values = metrics.get(CACHED_SEED)
    return int(values[0]) if values else None
