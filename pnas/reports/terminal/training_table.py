"""What a `task=train` found, as tables: its cells, and each of its trainings."""

from typing import Any

from pnas.records.training_journal import reward_metric
from pnas.records.training_record import Member, Training
from pnas.reports.data.number_format import count, decimal, duration
from pnas.reports.terminal.text_grid import Column, Grid


def cells_table(training: Training) -> Grid:
    """Return one row a cell: size, and accuracies over its trainings."""
    return Grid.of("Trainings", [*_SIZES, *_judged_by(training), *_ACCURACIES], training.cells())


def members_table(training: Training) -> Grid:
    """Return one row a training: how far it is, and what it has reached."""
    return Grid.of("Each training", _MEMBER_COLUMNS, training.members)


def mean_sd(value: dict[str, Any]) -> str:
    """Return ``0.9712 +- 0.0031``: mean and standard deviation; nothing if nothing was measured."""
    if value["mean"] is None:
        return ""
    mean = f"{value['mean']:.4f}"
    return mean if value["sd"] is None else f"{mean} +- {value['sd']:.4f}"


def _judged_by(training: Training) -> list[Column]:
    """Return a column of the reward, where it is another metric than accuracy."""
    metric = reward_metric(training.config)
    if metric == "accuracy":
        return []
    return [Column(metric.replace("_", " "), lambda cell: mean_sd(cell["reward"]))]


def _why(member: Member) -> str:
    if member.status != "failed":
        return ""
    return member.error or "for no known reason"


_SIZES = (
    Column("trainings", lambda cell: str(cell["trainings"])),
    Column("parameters", lambda cell: count(cell["params"])),
    Column("multiply-adds", lambda cell: count(cell["flops"])),
)
_ACCURACIES = (
    Column("validation", lambda cell: mean_sd(cell["val_accuracy"])),
    Column("test", lambda cell: mean_sd(cell["test_accuracy"])),
    Column("cell", lambda cell: str(cell["cell"]), prose=True),
)
_MEMBER_COLUMNS = (
    Column("training", lambda member: member.id, prose=True),
    Column("status", lambda member: member.status, prose=True),
    Column("epochs", lambda member: count(member.epochs)),
    Column("validation", lambda member: decimal(member.val_accuracy)),
    Column("test", lambda member: decimal(member.test_accuracy)),
    Column("time", lambda member: duration(member.seconds)),
    Column("failed", _why, prose=True),
)
