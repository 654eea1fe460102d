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
from pnas.records.child_records import ChildResult, Status
from pnas.records.journal_schema import connect, explained
from pnas.state_space import Cell


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

    ``started_at`` (of the last attempt to train it) and ``ended_at`` are in seconds since the epoch, ``worker`` says
    which process started it and ``starts`` how many attempts there were. ``position`` is its 0-based place in the
    stage's order, None for a spare child.
    """

    id: int
    b: int
    position: int | None
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
    started_at: float | None = None
    worker: str | None = None
    starts: int = 0


@dataclass(frozen=True)
class Event:
    """Something that happened to the search as a whole: its time (seconds since the epoch), kind and details."""

    at: float
    kind: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Choice:
    """A child chosen for a stage: its cell, identity, seed and predicted reward."""

    cell: Cell
    key: str
    seed: int
    predicted: float | None


class Journal:
    """One search's facts in ``<run directory>/journal.sqlite``.

    One writer at a time (`pnas.records.run_directory` holds the lock); any number of readers, from other threads and
    processes, each through its own `Journal`.
    """

    def __init__(self, path: Path | str, create: bool = False) -> None:
        """Open the journal at ``path``.

        Args:
            path: the file.
            create: open it for writing: one is made if there is none, an old one is brought to this version,
                and damage is looked for.

        Raises:
            RunDirectoryError: no journal there, not a journal, one written by a newer version, a damaged one, or
                one that cannot be written.
        """
        self.path = Path(path)
        if not create and not self.path.is_file():
            raise RunDirectoryError(
                f"{self.path.parent}: is not a run directory (it has no {self.path.name})"
            )
        self._db = connect(self.path, writer=create)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with explained(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk may have made SQLite roll back already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with explained(self.path):
            return self._db.execute(query, values).fetchall()

    # -- facts about the whole search ------------------------------------------------------------------------

    def set_meta(self, **values: Any) -> None:
        """Store JSON values by name (config, search_id, search_seconds, status, test_accuracy, tracking, ...)."""
        with self._transaction() as db:
            _set_meta(db, values)

    def meta(self, key: str, default: Any = None) -> Any:
        rows = self._rows("SELECT value FROM meta WHERE key = ?", key)
        return json.loads(rows[0]["value"]) if rows else default

    def note(self, kind: str, **detail: Any) -> None:
        """Store an event, with JSON details, at the present time."""
        with self._transaction() as db:
            _note(db, kind, detail)

    def events(self) -> list[Event]:
        """All events, in order; none in a journal of version 1, which knew no events."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'events'"):
            return []
        rows = self._rows("SELECT at, kind, detail FROM events ORDER BY id")
        return [Event(row["at"], row["kind"], json.loads(row["detail"])) for row in rows]

    def go_beyond(
        self,
        config: Mapping[str, Any],
        raised: Mapping[str, Sequence[Any]],
        replan_from: int | None = None,
    ) -> None:
        """Take up the search again with larger limits: one transaction, so that a kill leaves the one or the other.

        Args:
            config: the configuration that holds from now on.
            raised: by key, the value before and the one now.
            replan_from: stages from this one on are to be planned again. Their children become spare: results stay,
                and count again for those that `open_stage` chooses again; what was not trained is dropped. The
                plan they belonged to is kept as an event.
        """
        with self._transaction() as db:
            _note(db, "raised", {key: list(values) for key, values in raised.items()})
            if replan_from is not None:
                _make_spare(db, replan_from)
            # The winner may be another one, and the store has not heard of it.
            _set_meta(
                db, {"config": config, "status": "running", "test_accuracy": None, "tracked": False}
            )

    # -- stages ------------------------------------------------------------------------------------------------

    def open_stage(
        self,
        b: int,
        choices: Sequence[Choice],
        candidates_scored: int,
        unique_candidates: int,
        seconds_scoring: float,
    ) -> None:
        """Store a stage and the children chosen for it, before the first of them is trained.

        A spare child that is chosen again brings its result along.
        """
        with self._transaction() as db:
            db.execute(
                "INSERT INTO stages VALUES (?, ?, ?, ?, ?, NULL, NULL)",
                (b, candidates_scored, unique_candidates, seconds_scoring, time.time()),
            )
            for position, choice in enumerate(choices):
                _choose(db, b, position, choice)

    def close_stage(self, b: int, learned: Mapping[str, Any] | None) -> None:
        """Store that all children of stage ``b`` have ended and what the predictor learned from them.

        What of ``learned`` has ``_next`` in its name judges the predictions made for this stage, so it is stored with
        the stage whose predictor made them.
        """
        learned = dict(learned or {})
        judged = {
            "spearman_next": None,
            **{name: learned.pop(name) for name in list(learned) if "_next" in name},
        }
        unknown = dict.fromkeys(judged)
        with self._transaction() as db:
            _judge(db, b - 1, judged)
            db.execute(
                "UPDATE stages SET closed_at = ?, predictor = ? WHERE b = ?",
                (time.time(), json.dumps({**learned, **unknown}) if learned else None, b),
            )

    def reopen_unfinished_stage(self) -> None:
        """Open the last stage again if it was closed before all of its children were trained."""
        with self._transaction() as db:
            db.execute(
                "UPDATE stages SET closed_at = NULL, predictor = NULL WHERE b = (SELECT max(b) FROM stages) "
                "AND EXISTS (SELECT 1 FROM children AS c WHERE c.b = stages.b AND position IS NOT NULL AND status = ?)",
                (Status.CHOSEN,),
            )

    def stages(self) -> list[StageRecord]:
        """The stages opened so far, in order."""
        return [_stage(row) for row in self._rows("SELECT * FROM stages ORDER BY b")]

    # -- children ------------------------------------------------------------------------------------------------

    def start_child(self, key: str, by: str) -> None:
        """Store that ``by`` starts an attempt at the chosen child ``key``; there may have been some before."""
        with self._transaction() as db:
            db.execute(
                "UPDATE children SET started_at = ?, worker = ?, starts = starts + 1 WHERE key = ? AND status = ?",
                (time.time(), by, key, Status.CHOSEN),
            )

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
        of_stage = "" if b is None else f"AND b = {int(b)}"
        query = f"SELECT * FROM children WHERE position IS NOT NULL {of_stage} ORDER BY b, position"
        return [_child(row) for row in self._rows(query)]

    def superseded(self) -> list[ChildRecord]:
        """Children that were trained for a plan that no longer holds. Nothing is decided by them."""
        return [
            _child(row)
            for row in self._rows("SELECT * FROM children WHERE position IS NULL ORDER BY b, id")
        ]

    def child(self, key: str) -> ChildRecord:
        """The chosen child ``key``."""
        return _child(self._rows("SELECT * FROM children WHERE key = ?", key)[0])


def best_child(children: Iterable[ChildRecord]) -> ChildRecord | None:
    """The child of highest reward; of equals the first asked for. None if none has a reward."""
    ended = [child for child in children if child.reward is not None]
    return max(
        ended, key=lambda child: (child.reward, -child.b, -(child.position or 0)), default=None
    )


def _set_meta(db: sqlite3.Connection, values: Mapping[str, Any]) -> None:
    rows = [(key, json.dumps(value)) for key, value in values.items()]
    db.executemany(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", rows
    )


def _note(db: sqlite3.Connection, kind: str, detail: Mapping[str, Any]) -> None:
    db.execute(
        "INSERT INTO events (at, kind, detail) VALUES (?, ?, ?)",
        (time.time(), kind, json.dumps(detail)),
    )


def _choose(db: sqlite3.Connection, b: int, position: int, choice: Choice) -> None:
    # Only a spare child may be there already: a cell is chosen once.
    spare = db.execute(
        "UPDATE children SET b = ?, position = ?, cell = ?, predicted = ? WHERE key = ? AND position IS NULL",
        (b, position, str(choice.cell), choice.predicted, choice.key),
    )
    if not spare.rowcount:
        db.execute(
            "INSERT INTO children (b, position, cell, key, seed, predicted, status) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                b,
                position,
                str(choice.cell),
                choice.key,
                choice.seed,
                choice.predicted,
                Status.CHOSEN,
            ),
        )


def _make_spare(db: sqlite3.Connection, first: int) -> None:
    query = "SELECT b, key, predicted FROM children WHERE b >= ? AND position IS NOT NULL ORDER BY b, position"
    plan = [list(row) for row in db.execute(query, (first,))]
    if plan:
        _note(db, "plan_replaced", {"children": plan})
    db.execute("DELETE FROM stages WHERE b >= ?", (first,))
    db.execute("DELETE FROM children WHERE b >= ? AND status = ?", (first, Status.CHOSEN))
    db.execute("UPDATE children SET position = NULL, predicted = NULL WHERE b >= ?", (first,))
    # Its children are another generation now: how they were predicted is not known yet.
    _judge(db, first - 1, None)


def _judge(db: sqlite3.Connection, b: int, judged: Mapping[str, Any] | None) -> None:
    """Note how stage ``b``'s predictor ranked the next stage's cells; None: it is not known any more."""
    row = db.execute(
        "SELECT predictor FROM stages WHERE b = ? AND predictor IS NOT NULL", (b,)
    ).fetchone()
    if row is None:
        return
    learned = json.loads(row["predictor"])
    judged = {name: None for name in learned if "_next" in name} if judged is None else judged
    db.execute(
        "UPDATE stages SET predictor = ? WHERE b = ?", (json.dumps({**learned, **judged}), b)
    )


def _stage(row: sqlite3.Row) -> StageRecord:
    return StageRecord(
        **{**dict(row), "predictor": row["predictor"] and json.loads(row["predictor"])}
    )


def _child(row: sqlite3.Row) -> ChildRecord:
    fields = {**dict(row), "cell": Cell.parse(row["cell"]), "status": Status(row["status"])}
    return ChildRecord(**{**fields, "metrics": json.loads(row["metrics"] or "{}")})
