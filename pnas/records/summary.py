"""summary.json: the run as other programs read it, derived from the journal with children.csv."""

import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pnas.records.cell_trainings import (
    has_ended_short,
    has_ended_whole,
    is_repeated,
    short_epochs,
)
from pnas.records.child_records import Status
from pnas.records.children_csv import children_csv
from pnas.records.evaluation_cache import seed_if_cached
from pnas.records.front import read_front
from pnas.records.journal_reader import JournalReader
from pnas.records.journal_records import ChildRecord, StageRecord, best_child
from pnas.records.run_directory import CHILDREN, SUMMARY
from pnas.system.atomic_write import write_text

PREDICTED_SECONDS = "predicted_seconds"
"""Name, in the journal, of the seconds that all commands of a search are predicted to take."""


def write_summary(run_dir: Path, journal: JournalReader) -> dict[str, Any]:
    """Rewrite summary.json and children.csv, each as a whole.

    Returns:
        What summary.json holds.

    Raises:
        NotWritable: There is no room or no permission.
    """
    summary = summarize(journal)
    all_children = [*journal.children(), *journal.superseded()]
    write_text(run_dir / SUMMARY, json.dumps(summary, indent=2) + "\n")
    write_text(run_dir / CHILDREN, children_csv(all_children))
    return summary


def summarize(journal: JournalReader) -> dict[str, Any]:
    """Return what summary.json holds (docs/architecture.md lists the keys)."""
    children = journal.children()
    config = journal.meta("config") or {}
    front = read_front(journal)
    return {
        "name": journal.meta("name"),
        "status": journal.meta("status", "running"),
        "seed": config.get("seed"),
        "search_seconds": journal.meta("search_seconds", 0.0),
        "children_trained": sum(has_ended_whole(child) for child in children),
        "short_trainings": sum(has_ended_short(child) for child in children),
        "children_stopped": _count(children, Status.STOPPED),
        "children_failed": sum(child.has_failed for child in children),
        "children_left_out": sum(child.is_left_out for child in children),
        "children_cached": sum(seed_if_cached(child.metrics) is not None for child in children),
        "best": _best(children, journal),
        "winner": _winner(journal),
        "front": None if front is None else front.as_record(),
        "hypervolume": None if front is None else front.hypervolume_record(),
        "stages": [_stage(stage, journal.children(stage.b)) for stage in journal.stages()],
        "stopped_by": journal.meta("stopped_by"),
        "tracking": journal.meta("tracking"),
    }


def _best(children: Sequence[ChildRecord], journal: JournalReader) -> dict[str, Any] | None:
    """Return the child of the highest reward, and by how much that reward is too high."""
    best = best_child(children)
    if best is None:
        return None
    return {
        "cell": str(best.cell),
        "key": best.key,
        "reward": best.reward,
        "b": len(best.cell),
        "params": best.params,
        "flops": best.flops,
        "test_accuracy": journal.meta("test_accuracy"),
        "optimism": journal.meta("optimism"),
    }


def _winner(journal: JournalReader) -> dict[str, Any] | None:
    """Return the cell that is most probably the best; None where no cell was trained again."""
    winner = journal.meta("winner")
    if winner is None:
        return None
    tested = journal.meta("winner_test_accuracies") or []
    return {
        **winner,
        "test_accuracy": statistics.mean(tested) if tested else None,
        "test_standard_deviation": statistics.stdev(tested) if len(tested) > 1 else None,
        "test_trainings": len(tested),
    }


def _stage(stage: StageRecord, children: Sequence[ChildRecord]) -> dict[str, Any]:
    rewards = [child.reward for child in children if child.reward is not None]
    mean_reward = sum(rewards) / len(rewards) if rewards else None
    return {
        "b": stage.b,
        "blocks": max((len(child.cell) for child in children), default=None),
        "fewest_blocks": min((len(child.cell) for child in children), default=None),
        "confirms": any(is_repeated(child) for child in children),
        "epochs": short_epochs(children[0].key) if children else None,
        "candidates_scored": stage.candidates_scored,
        "unique_candidates": stage.unique_candidates,
        "children": len(children),
        "trained": _count(children, Status.OK),
        "stopped": _count(children, Status.STOPPED),
        "failed": sum(child.has_failed for child in children),
        "left_out": sum(child.is_left_out for child in children),
        "best_reward": max(rewards, default=None),
        "mean_reward": mean_reward,
        "seconds_training": sum(child.seconds or 0.0 for child in children),
        "seconds_scoring": stage.seconds_scoring,
        "predictor": stage.predictor,
    }


def _count(children: Iterable[ChildRecord], status: Status) -> int:
    return sum(child.status is status for child in children)
