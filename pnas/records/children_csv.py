"""children.csv: one row a child, as other programs read it."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from pnas.records.cell_trainings import is_short, short_epochs
from pnas.records.child_records import SHORT_REWARD, Status
from pnas.records.evaluation_cache import seed_if_cached
from pnas.records.journal_records import ChildRecord

COLUMNS = (
    "stage",
    "cell",
    "reward",
    "predicted",
    "status",
    "params",
    "flops",
    "seconds",
    "seed",
    "key",
    "error",
    "cached",
)

COLUMNS_OF_RUNGS = ("epochs", "short_reward")
"""Further columns of searches with short trainings."""

COLUMNS_OF_STOPPED = ("epochs",)
"""Further columns of searches with trainings that were stopped early."""


def children_csv(children: Iterable[ChildRecord]) -> str:
    """Return the text of children.csv: a header, and a row for each of ``children``."""
    listed = list(children)
    columns = (*COLUMNS, *_further_columns(listed))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for child in listed:
        values = _values(child)
        writer.writerow([values[name] for name in columns])
    return text.getvalue()


def _further_columns(children: Sequence[ChildRecord]) -> tuple[str, ...]:
    if any(is_short(child) for child in children):
        return COLUMNS_OF_RUNGS
    if any(child.status is Status.STOPPED for child in children):
        return COLUMNS_OF_STOPPED
    return ()


def _values(child: ChildRecord) -> dict[str, Any]:
    is_superseded = child.position is None
    short_rewards = child.metrics.get(SHORT_REWARD)
    return {
        "stage": child.b,
        "cell": child.cell,
        "reward": child.reward,
        "predicted": child.predicted,
        "status": Status.SUPERSEDED if is_superseded else child.status,
        "params": child.params,
        "flops": child.flops,
        "seconds": child.seconds,
        "seed": child.seed,
        "key": child.key,
        "error": child.error,
        "cached": seed_if_cached(child.metrics),
        "epochs": short_epochs(child.key) or child.stopped_after,
        "short_reward": short_rewards[0] if short_rewards else None,
    }
