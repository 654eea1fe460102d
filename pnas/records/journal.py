"""The journal: every fact of one search in one SQLite file, from which alone a search resumes.

Each method is one transaction, and each is done before anything depends on what it stores.
Everything else that a run leaves behind (summary.json, children.csv, MLflow, reports) is derived
from the journal and can be made again.
"""

import json
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pnas.records.child_records import BEYOND_LIMIT, ChildResult, Status
from pnas.records.journal_errors import translate_sqlite_errors
from pnas.records.journal_reader import JournalReader
from pnas.records.journal_records import Choice
from pnas.records.journal_rows import format_metrics
from pnas.records.journal_statements import (
    add_event,
    choose,
    drop_untrained,
    evaluates_next_stage,
    set_meta,
    set_next_metrics,
    supersede_stages,
)


class Journal(JournalReader):
    """One search's facts in ``<run directory>/journal.sqlite``, to be read and written.

    There is one writer at a time, who holds the run directory (`pnas.records.run_directory`), and
    any number of readers in other threads and processes, each with a `Journal` of its own.
    """

    # -- facts about the whole search ----------------------------------------------------------

    def set_meta(self, **values: Any) -> None:
        """Store JSON values by name (config, search_id, status, test_accuracy, tracking, ...)."""
        with self._transaction() as db:
            set_meta(db, values)

    def note(self, kind: str, **detail: Any) -> None:
        """Store an event at the present time, with JSON details."""
        with self._transaction() as db:
            add_event(db, kind, detail)

    def continue_with_raised_limits(
        self,
        config: Mapping[str, Any],
        raised: Mapping[str, Sequence[Any]],
        replan_from: int | None = None,
    ) -> None:
        """Take up the search again with larger limits, in one transaction.

        Args:
            config: Configuration that holds from now on.
            raised: Value before and value now, by key.
            replan_from: First stage that is planned again; None for none. The children of these
                stages become superseded: their results stay and count again for those that
                `open_stage` chooses again, and those that were not trained are removed. The plan
                that they belonged to is kept as an event; what followed from it, such as the
                finalists and the winner, is void.
        """
        with self._transaction() as db:
            add_event(db, "raised", {key: list(values) for key, values in raised.items()})
            if replan_from is not None:
                supersede_stages(db, self.path, replan_from)
            # The best child may be another one, and the store has not seen it.
            set_meta(
                db,
                {"config": config, "status": "running", "test_accuracy": None, "tracked": False},
            )
        self._children.forget()

    def relax_durability(self) -> None:
        """Let a power cut lose the latest facts, for children that cost nothing to find again.

        A kill still loses nothing, and the file stays sound.
        """
        with translate_sqlite_errors(self.path):
            self._db.execute("PRAGMA synchronous=NORMAL")

    # -- stages --------------------------------------------------------------------------------

    def open_stage(
        self,
        b: int,
        choices: Sequence[Choice],
        candidates_scored: int,
        unique_candidates: int,
        seconds_scoring: float,
        at: float | None = None,
    ) -> None:
        """Store stage ``b`` and the children chosen for it, before the first of them is trained.

        A superseded child that is chosen again brings its result along.

        Args:
            b: The stage.
            choices: The children, in order.
            candidates_scored: Candidates that were scored.
            unique_candidates: Candidates that were left without isomorphic ones.
            seconds_scoring: Seconds that this took.
            at: When that was, in seconds since the epoch; None for now.
        """
        opened_at = time.time() if at is None else at
        stage = (b, candidates_scored, unique_candidates, seconds_scoring, opened_at)
        with self._transaction() as db:
            db.execute("INSERT INTO stages VALUES (?, ?, ?, ?, ?, NULL, NULL)", stage)
            for position, choice in enumerate(choices):
                choose(db, b, position, choice)
            self._children.reload_stage(b)

    def extend_stage(
        self,
        b: int,
        choices: Sequence[Choice],
        *,
        candidates_scored: int,
        unique_candidates: int,
        seconds_scoring: float,
        at: float,
    ) -> None:
        """Add children to the open stage ``b``, which is opened if they are its first.

        The event ``chosen`` keeps what was known: it is dated, and so are the results, so that
        those that had arrived are the ones that ended before it. A superseded child that is chosen
        again brings its result along, which arrives now.

        Args:
            b: The stage.
            choices: The children, in order.
            candidates_scored: Candidates that were scored to choose them.
            unique_candidates: Candidates that were left without isomorphic ones.
            seconds_scoring: Seconds that this took.
            at: When they were chosen, in seconds since the epoch.
        """
        figures = (candidates_scored, unique_candidates, seconds_scoring)
        with self._transaction() as db:
            db.execute(
                "INSERT INTO stages VALUES (?, 0, 0, 0.0, ?, NULL, NULL) ON CONFLICT DO NOTHING",
                (b, at),
            )
            db.execute(
                "UPDATE stages SET candidates_scored = candidates_scored + ?, "
                "unique_candidates = max(unique_candidates, ?), "
                "seconds_scoring = seconds_scoring + ? WHERE b = ?",
                (*figures, b),
            )
            query = "SELECT count(*) FROM children WHERE b = ? AND position IS NOT NULL"
            first = db.execute(query, (b,)).fetchone()[0]
            for position, choice in enumerate(choices, start=first):
                choose(db, b, position, choice)
                db.execute(
                    "UPDATE children SET ended_at = ? WHERE key = ? AND status != ?",
                    (at, choice.key, Status.CHOSEN),
                )
            keys = [choice.key for choice in choices]
            add_event(db, "chosen", {"keys": keys}, at)
            self._children.extend_stage(b, keys)

    def close_stage(self, b: int, learned: Mapping[str, Any] | None) -> None:
        """Store that all children of stage ``b`` have ended, and what the predictor learned.

        Args:
            b: The stage.
            learned: Metrics of the predictor. Those with ``_next`` in their names, and
                ``selection_quality``, evaluate the predictions that were made for this stage, so
                they are stored with the stage before it, whose predictor made them.
        """
        own: dict[str, Any] = {}
        of_stage_before: dict[str, Any] = {"spearman_next": None}
        for name, value in (learned or {}).items():
            if evaluates_next_stage(name):
                of_stage_before[name] = value
            else:
                own[name] = value
        not_known_yet = dict.fromkeys(of_stage_before)
        predictor = json.dumps({**own, **not_known_yet}) if own else None

        with self._transaction() as db:
            set_next_metrics(db, self.path, b, of_stage_before)
            db.execute(
                "UPDATE stages SET closed_at = ?, predictor = ? WHERE b = ?",
                (time.time(), predictor, b),
            )

    def reopen_unfinished_stage(self, b: int | None = None) -> None:
        """Open a stage again that was closed before all of its children were trained.

        Args:
            b: The stage; None for the last one.
        """
        with self._transaction() as db:
            db.execute(
                "UPDATE stages SET closed_at = NULL, predictor = NULL "
                "WHERE b = coalesce(?, (SELECT max(b) FROM stages)) AND EXISTS ("
                "SELECT 1 FROM children AS c "
                "WHERE c.b = stages.b AND position IS NOT NULL AND status = ?)",
                (b, Status.CHOSEN),
            )

    def drop_untrained(self, b: int) -> None:
        """Take the children out of the open stage ``b`` that were not trained.

        There is no time for them, and those that were trained go on. The event ``dropped`` keeps
        which they were.
        """
        with self._transaction() as db:
            drop_untrained(db, b)
        self._children.forget()

    def abandon_stage(self, b: int) -> None:
        """Close stage ``b``, if it is open, without its children that were not trained.

        Nothing is learned from it. A stage of which no child was trained is removed. The event
        ``dropped`` keeps which were not.
        """
        with self._transaction() as db:
            drop_untrained(db, b)
            db.execute(
                "UPDATE stages SET closed_at = coalesce(closed_at, ?) WHERE b = ?",
                (time.time(), b),
            )
            db.execute(
                "DELETE FROM stages WHERE b = ? AND NOT EXISTS ("
                "SELECT 1 FROM children AS c WHERE c.b = stages.b AND position IS NOT NULL)",
                (b,),
            )
        self._children.forget()

    # -- children ------------------------------------------------------------------------------

    def start_child(self, key: str, by: str) -> None:
        """Store that the worker ``by`` begins an attempt to train the chosen child ``key``."""
        with self._transaction() as db:
            db.execute(
                "UPDATE children SET started_at = ?, worker = ?, starts = starts + 1 "
                "WHERE key = ? AND status = ?",
                (time.time(), by, key, Status.CHOSEN),
            )
            self._children.reload(key)

    def end_child(self, key: str, result: ChildResult, at: float | None = None) -> None:
        """Store the result of the chosen child ``key``.

        A child that has ended keeps its first result.

        Args:
            key: The child.
            result: Its result, whose metrics replace those stored so far.
            at: When it ended, in seconds since the epoch; None for now.
        """
        values = {
            "status": result.status,
            "reward": result.reward,
            "params": result.params,
            "flops": result.flops,
            "seconds": result.seconds,
            "error": result.error,
            "metrics": format_metrics(result.metrics),
            "ended_at": time.time() if at is None else at,
        }
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        with self._transaction() as db:
            db.execute(
                f"UPDATE children SET {assignments} WHERE key = :key AND status = :chosen",
                {**values, "key": key, "chosen": Status.CHOSEN},
            )
            self._children.reload(key)

    def set_metrics(self, key: str, metrics: Mapping[str, Sequence[float]]) -> None:
        """Store per-epoch values of the child ``key``, which may still be in training.

        Names that are stored already take the new values; others stay.
        """
        with self._transaction() as db:
            stored = self._children.get(key).metrics
            text = format_metrics({**stored, **metrics})
            db.execute("UPDATE children SET metrics = ? WHERE key = ?", (text, key))
            self._children.reload(key)

    def reopen_failed(self, b: int, measured: Collection[str] = ()) -> None:
        """Make the failed children of the open stage ``b`` ones that are still to be trained.

        Those that a constraint has left out stay as they are: they would be left out again.

        Args:
            b: The stage.
            measured: Names of the metrics that are facts of the cell, and not of its training: they
                are kept, and so are those whose names begin so, such as their quartiles.
        """
        with self._transaction() as db:
            for child in self._children.of_stage(b):
                if child.status is not Status.FAILED or BEYOND_LIMIT in child.metrics:
                    continue
                facts = _beginning_with(measured, child.metrics)
                db.execute(
                    "UPDATE children SET status = ?, error = NULL, seconds = NULL, metrics = ?, "
                    "ended_at = NULL WHERE key = ?",
                    (Status.CHOSEN, format_metrics(facts) if facts else None, child.key),
                )
        self._children.forget()

    # -- parts ---------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what the ``with`` block writes, or nothing of it."""
        with translate_sqlite_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # What was read inside the transaction is no longer true.
                self._children.forget()
                # A full disk may have made SQLite roll back already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _beginning_with(
    names: Collection[str], metrics: Mapping[str, Sequence[float]]
) -> dict[str, Sequence[float]]:
    """Return those of ``metrics`` whose names begin with one of ``names``."""
    beginnings = tuple(names)
    return {name: values for name, values in metrics.items() if name.startswith(beginnings)}
