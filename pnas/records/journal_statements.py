"""What the methods of a journal do to its tables, inside a transaction that they have begun."""

import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pnas.records.child_records import Status
from pnas.records.journal_records import Choice
from pnas.records.journal_rows import parse_predictor
from pnas.records.plan_facts import FACTS_OF_PLAN

_NEXT = "_next"
"""Part of the names of metrics that evaluate predictions made for the next stage."""

_SELECTION_QUALITY = "selection_quality"
"""The one of these metrics that does not have it in its name."""


def evaluates_next_stage(name: str) -> bool:
    """Whether the metric ``name`` is known only when the next stage has ended."""
    return _NEXT in name or name == _SELECTION_QUALITY


def set_meta(db: sqlite3.Connection, values: Mapping[str, Any]) -> None:
    """Store JSON values by name."""
    for key, value in values.items():
        db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (key, json.dumps(value)),
        )


def add_event(
    db: sqlite3.Connection, kind: str, detail: Mapping[str, Any], at: float | None = None
) -> None:
    """Store an event at a date, or now, with JSON details."""
    happened_at = time.time() if at is None else at
    db.execute(
        "INSERT INTO events (at, kind, detail) VALUES (?, ?, ?)",
        (happened_at, kind, json.dumps(detail)),
    )


def drop_untrained(db: sqlite3.Connection, b: int) -> None:
    """Remove the children of stage ``b`` that were not trained; an event keeps their keys."""
    condition = "WHERE b = ? AND position IS NOT NULL AND status = ?"
    rows = db.execute(f"SELECT key FROM children {condition}", (b, Status.CHOSEN))
    keys = [row["key"] for row in rows]
    add_event(db, "dropped", {"b": b, "keys": keys})
    db.execute(f"DELETE FROM children {condition}", (b, Status.CHOSEN))


def choose(db: sqlite3.Connection, b: int, position: int, choice: Choice) -> None:
    """Store a chosen child, or give a superseded one its new place."""
    values = {
        "b": b,
        "position": position,
        "cell": str(choice.cell),
        "key": choice.key,
        "seed": choice.seed,
        "predicted": choice.predicted,
        "status": Status.CHOSEN,
    }
    # A cell is chosen once, so a child that is there already is superseded or a mistake.
    superseded = db.execute(
        "UPDATE children SET b = :b, position = :position, cell = :cell, predicted = :predicted "
        "WHERE key = :key AND position IS NULL",
        values,
    )
    if superseded.rowcount == 0:
        names = ", ".join(values)
        parameters = ", ".join(f":{name}" for name in values)
        db.execute(f"INSERT INTO children ({names}) VALUES ({parameters})", values)


def supersede_stages(db: sqlite3.Connection, path: Path, first: int) -> None:
    """Remove the stages from ``first`` on; their trained children become superseded.

    An event keeps the plan, and what followed from it is void. See `set_next_metrics` for ``path``.
    """
    rows = db.execute(
        "SELECT b, key, predicted FROM children "
        "WHERE b >= ? AND position IS NOT NULL ORDER BY b, position",
        (first,),
    )
    plan = [list(row) for row in rows]
    if plan:
        add_event(db, "plan_replaced", {"children": plan})

    db.execute("DELETE FROM stages WHERE b >= ?", (first,))
    db.execute("DELETE FROM children WHERE b >= ? AND status = ?", (first, Status.CHOSEN))
    db.execute("UPDATE children SET position = NULL, predicted = NULL WHERE b >= ?", (first,))
    set_meta(db, dict.fromkeys(FACTS_OF_PLAN))
    # The stage before has another next stage now, whose rewards are not known yet.
    set_next_metrics(db, path, first, None)


def set_next_metrics(
    db: sqlite3.Connection, path: Path, b: int, metrics: Mapping[str, Any] | None
) -> None:
    """Store how well stage ``b`` was predicted with the last predictor before it.

    Stages of short trainings, between it and ``b``, have none.

    Args:
        db: Connection inside a transaction.
        path: File of the journal, for error messages.
        b: The stage; nothing happens if there is no predictor before it.
        metrics: Values by name. None: what is stored is not known any more.
    """
    query = (
        "SELECT b, predictor FROM stages WHERE b < ? AND predictor IS NOT NULL "
        "ORDER BY b DESC LIMIT 1"
    )
    row = db.execute(query, (b,)).fetchone()
    if row is None:
        return

    learned = parse_predictor(row["predictor"], path)
    if metrics is None:
        metrics = {name: None for name in learned if evaluates_next_stage(name)}
    text = json.dumps({**learned, **metrics})
    db.execute("UPDATE stages SET predictor = ? WHERE b = ?", (text, row["b"]))
