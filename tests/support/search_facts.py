"""What a search has decided and found, as its journal has it."""

from pathlib import Path
from typing import Any

from pnas.records import ChildRecord, Journal
from pnas.records.plan_facts import WINNER
from pnas.search import STOPPED_BY


def facts(run_dir: Path) -> list[tuple[Any, ...]]:
    """Return what a search decided and found, without its times."""
    with Journal(run_dir / "journal.sqlite") as journal:
        found: list[tuple[Any, ...]] = []
        for child in journal.children():
            decided = (child.b, child.key, child.seed, child.predicted)
            found.append((*decided, child.reward, child.metrics))
        for stage in journal.stages():
            found.append((stage.b, stage.predictor))
        found.append((journal.meta(WINNER), journal.meta(STOPPED_BY)))
        return found


def children(run_dir: Path) -> list[ChildRecord]:
    """Return the children of a search."""
    with Journal(run_dir / "journal.sqlite") as journal:
        return journal.children()
