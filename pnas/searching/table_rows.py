"""From the journal of `task=tabulate` to the rows of a table, and what is said of them."""

from collections.abc import Sequence
from typing import Any

from pnas.config import Settings
from pnas.preflight.reliability import measure_reliability
from pnas.records import ChildRecord, Journal
from pnas.search import STOPPED_BY
from pnas.state_space import Cell, SlotSpace
from pnas.system.wording import plural
from pnas.tables import Row
from pnas.tables.learning_curves import Curve

_GROUPS = ("seed", "child", "trainer", "data")
"""Parts of the configuration that a table states."""

CellRow = tuple[Cell, Row]


def rows_of(children: Sequence[ChildRecord], space: SlotSpace) -> list[CellRow]:
    """Return one row for each cell that was trained to its end, in order of its first training.

    Args:
        children: Trainings, several of each cell.
        space: State space of the cells.
    """
    by_cell: dict[Cell, list[ChildRecord]] = {}
    for child in children:
        if child.reward is not None:
            by_cell.setdefault(space.canonical(child.cell), []).append(child)
    return [(cell, _row(trainings)) for cell, trainings in by_cell.items()]


def _row(trainings: Sequence[ChildRecord]) -> Row:
    first = trainings[0]
    rewards = [child.reward for child in trainings if child.reward is not None]
    seconds = [child.seconds for child in trainings if child.seconds is not None]
    curves = [Curve.of(child.metrics) for child in trainings]
    mean_seconds = round(sum(seconds) / len(seconds), 3) if seconds else None
    return Row(
        rewards=tuple(rewards),
        epochs=len(first.metrics.get("loss", ())) or None,
        seconds=mean_seconds,
        params=first.params,
        flops=first.flops,
        curves=() if None in curves else tuple(curve for curve in curves if curve is not None),
    )


def about_table(settings: Settings, journal: Journal) -> dict[str, Any]:
    """Return how the table was made, for whoever reads it."""
    config = settings.as_dict()
    about = {group: config[group] for group in _GROUPS}
    about["trainer"] = {
        key: value for key, value in config["trainer"].items() if not key.startswith("table")
    }
    about["repeats"] = settings.task.repeats
    about["data_fingerprint"] = journal.meta("data_fingerprint")
    return about


def summary_lines(rows: Sequence[CellRow], journal: Journal) -> list[str]:
    """Return what the terminal says of a table."""
    failed = sum(child.error is not None for child in journal.children())
    trainings = sum(len(row.rewards) for _, row in rows)
    size = f"{plural(len(rows), 'cell')}, {plural(trainings, 'training')}"
    lines = [f"{size}, {failed:,} failed"]

    most = max((len(row.rewards) for _, row in rows), default=0)
    complete = [row.rewards for _, row in rows if len(row.rewards) == most]
    if most > 1 and len(complete) > 1:
        found = measure_reliability(complete)
        lines.append(
            f"standard deviation of rewards: {found.between_sd:.4f} between cells, "
            f"{found.noise_sd:.4f} between seeds"
        )
    limit = journal.meta(STOPPED_BY)
    if limit:
        lines.append(f"stopped by {limit}; the same command with more continues")
    return lines
