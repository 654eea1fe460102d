"""Journals of searches that never ran, of any size, made in no time."""

import math
import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pnas.records import ChildResult, Choice, Journal, Status
from pnas.state_space import Cell

OPERATORS = ("3x3 dconv", "5x5 dconv", "1x7-7x1 conv", "3x3 maxpool", "identity")
STARTED = 1_700_000_000.0


def config(**changes: Any) -> dict[str, Any]:
    """A stored configuration with the parts that reports read; ``changes`` by dotted key with
    ``__`` for the dot.
    """
    made: dict[str, Any] = {
        "name": "demo",
        "seed": 3,
        "state_space": {
            "kind": "pnas",
            "B": 2,
            "operators": list(OPERATORS),
            "input_lookback_depth": -2,
        },
        "controller": {"predictor": "lstm", "K": 4},
        "child": {"kind": "pnas", "repeats": 1, "filters": 8, "concat": "all"},
        "trainer": {"epochs": 2},
        "data": {"name": "digits"},
    }
    for key, value in changes.items():
        group, _, name = key.partition("__")
        if name:
            made.setdefault(group, {})[name] = value
        else:
            made[group] = value
    return made


def random_cell(rng: random.Random, b: int) -> Cell:
    return Cell(
        (rng.randrange(-2, i), rng.choice(OPERATORS), rng.randrange(-2, i), rng.choice(OPERATORS))
        for i in range(b)
    )


def make_run(
    run_dir: Path,
    stages: Sequence[int] = (6, 4),
    status: str = "finished",
    failed: Sequence[int] = (),
    unfinished: int = 0,
    error: str = "ran out of memory",
    seed: int = 0,
    meta: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """A search with ``stages`` children a stage; rewards grow with the stage, and two workers took
    a second each.

    Args:
        run_dir: made if missing.
        stages: children of each stage.
        status: as the journal says it.
        failed: numbers of children that failed, counted over all stages.
        unfinished: children of the last stage that have not ended; it is then open.
        error: why those failed.
        seed: of cells and rewards.
        meta: more facts about the search.
        changes: of the configuration (see `config`).
    """
    rng = random.Random(seed)
    number = 0
    run_dir.mkdir(parents=True, exist_ok=True)
    facts = {
        "search_id": run_dir.name,
        "name": run_dir.name,
        "config": config(**changes),
        "started_at": STARTED,
    }
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal._db.execute("PRAGMA synchronous=OFF")  # nobody cuts the power of a test
        journal.set_meta(
            **facts,
            status=status,
            search_seconds=float(sum(stages)),
            choices={"controller": "lstm"},
        )
        journal.set_meta(test_accuracy=0.875 if status == "finished" else None, **(meta or {}))
        for b, size in enumerate(stages, start=1):
            cells = [random_cell(rng, b) for _ in range(size)]
            choices = []
            for i, cell in enumerate(cells):
                predicted = None if b == 1 else rng.uniform(0.6, 0.9)
                choices.append(Choice(cell, f"{b}x{i}", i, predicted))
            journal.open_stage(b, choices, 10 * size, 9 * size, 0.25)

            is_last = b == len(stages)
            ended = size - unfinished if is_last else size
            for i, choice in enumerate(choices[:ended]):
                reward = round(1 - math.exp(-b) * rng.uniform(0.5, 1.0), 4)
                result = _result(choice, i, reward, error if number in failed else None)
                journal.end_child(choice.key, result)
                number += 1
            if ended == size:
                journal.close_stage(b, _learned(b))
    _backdate(run_dir)
    return run_dir


def _result(choice: Choice, i: int, reward: float, error: str | None) -> ChildResult:
    if error is not None:
        return ChildResult(choice.cell, i, Status.FAILED, error=error, seconds=0.5)
    return ChildResult(
        choice.cell,
        i,
        Status.OK,
        reward,
        metrics={"loss": [1.0, 0.5]},
        params=1000 + i,
        flops=5000,
        seconds=1.0,
    )


def _learned(b: int) -> dict[str, Any]:
    return {
        "kind": "lstm",
        "loss": 0.1,
        "losses": [0.3, 0.1],
        "spearman_fit": 0.9,
        "spearman_next": None if b == 1 else 0.25,
    }


def _backdate(run_dir: Path) -> None:
    """Give children and stages the times of a search that began at ``STARTED`` and kept two workers
    busy.
    """
    ends = "FROM children c WHERE c.b = stages.b"
    db = sqlite3.connect(run_dir / "journal.sqlite")
    with db:
        done = "started_at = ?, ended_at = ? + (id + 1) / 2 + b"
        db.execute(f"UPDATE children SET {done} WHERE ended_at IS NOT NULL", (STARTED, STARTED))
        db.execute(
            f"UPDATE stages SET opened_at = coalesce((SELECT min(ended_at) {ends}) - 1, ?)",
            (STARTED,),
        )
        closed = f"closed_at = (SELECT max(ended_at) {ends}) + 0.5"
        db.execute(f"UPDATE stages SET {closed} WHERE closed_at IS NOT NULL")
    db.close()
