"""summary.json and children.csv: the run as other programs read it, derived from the journal."""

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pnas.errors import NotWritable
from pnas.records.child_records import Status
from pnas.records.evaluation_cache import seed_if_cached
from pnas.records.journal import ChildRecord, Journal, StageRecord, best_child
from pnas.records.run_directory import CHILDREN, SUMMARY

_COLUMNS = (
    "stage", "cell", "reward", "predicted", "status", "params", "flops", "seconds", "seed", "key", "error",
    "cached",
)  # fmt: skip


def write_summary(run_dir: Path, journal: Journal) -> dict[str, Any]:
    """Rewrite both files atomically and return what summary.json holds."""
    summary = summarize(journal)
    write_atomically(run_dir / SUMMARY, json.dumps(summary, indent=2) + "\n")
    write_atomically(run_dir / CHILDREN, _children_csv(journal.children(), journal.superseded()))
    return summary


def summarize(journal: Journal) -> dict[str, Any]:
    """The contract of summary.json (docs/architecture.md)."""
    children = journal.children()
    return {
        "name": journal.meta("name"),
        "status": journal.meta("status", "running"),
        "seed": journal.meta("config", {}).get("seed"),
        "search_seconds": journal.meta("search_seconds", 0.0),
        "children_trained": sum(child.status is Status.OK for child in children),
        "children_failed": sum(child.status is Status.FAILED for child in children),
        "children_cached": sum(seed_if_cached(child.metrics) is not None for child in children),
        "best": _best(children, journal.meta("test_accuracy")),
        "stages": [
            _stage(stage, [c for c in children if c.b == stage.b]) for stage in journal.stages()
        ],
        "stopped_by": journal.meta("stopped_by"),
        "tracking": journal.meta("tracking"),
    }


def _best(children: Sequence[ChildRecord], test_accuracy: float | None) -> dict[str, Any] | None:
    best = best_child(children)
    if best is None:
        return None
    return {
        "cell": str(best.cell),
        "reward": best.reward,
        "b": len(best.cell),
        "params": best.params,
        "flops": best.flops,
        "test_accuracy": test_accuracy,
    }


def _stage(stage: StageRecord, children: Sequence[ChildRecord]) -> dict[str, Any]:
    rewards = [child.reward for child in children if child.reward is not None]
    return {
        "b": stage.b,
        "blocks": max((len(child.cell) for child in children), default=None),
        "candidates_scored": stage.candidates_scored,
        "unique_candidates": stage.unique_candidates,
        "children": len(children),
        "failed": sum(child.status is Status.FAILED for child in children),
        "best_reward": max(rewards, default=None),
        "mean_reward": sum(rewards) / len(rewards) if rewards else None,
        "seconds_training": sum(child.seconds or 0.0 for child in children),
        "seconds_scoring": stage.seconds_scoring,
        "predictor": stage.predictor,
    }


def _children_csv(children: Sequence[ChildRecord], superseded: Sequence[ChildRecord]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for child in (*children, *superseded):
        status = Status.SPARE if child.position is None else child.status
        row = (
            child.b,
            child.cell,
            child.reward,
            child.predicted,
            status,
            child.params,
            child.flops,
        )
        writer.writerow(
            [*row, child.seconds, child.seed, child.key, child.error, seed_if_cached(child.metrics)]
        )
    return text.getvalue()


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` so that a reader, or a kill, never meets half a file.

    Raises:
        NotWritable: no room, no permission; the file is as it was.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)  # never through a link that somebody left there
        with draft.open("x") as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise NotWritable(
            f"{path}: cannot be written ({error.strerror}). What was stored is intact; the same command continues "
            "when this is put right"
        ) from error
