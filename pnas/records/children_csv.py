"""children.csv: one row a child, as other programs read it."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from pnas.records.child_records import Status
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


def children_csv(children: Iterable[ChildRecord]) -> str:
    """Return the text of children.csv: a header, and a row for each of ``children``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for child in children:
        values = _values(child)
        writer.writerow([values[name] for name in COLUMNS])
    return text.getvalue()


def _values(child: ChildRecord) -> dict[str, Any]:
    is_superseded = child.position is None
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
    }
