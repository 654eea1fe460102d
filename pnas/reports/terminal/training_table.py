"""What a `task=train` found, as a table."""

from typing import Any

from pnas.records.training_record import Training
from pnas.reports.data.number_format import count
from pnas.reports.terminal.text_grid import Column, Grid


def cells_table(training: Training) -> Grid:
    """Return one row a cell: size, and accuracies over its trainings."""
    return Grid.of("Trainings", _COLUMNS, training.cells())


def mean_sd(value: dict[str, Any]) -> str:
    """Return ``0.9712 +- 0.0031``: mean and standard deviation; nothing if nothing was measured."""
    if value["mean"] is None:
        return ""
    mean = f"{value['mean']:.4f}"
    return mean if value["sd"] is None else f"{mean} +- {value['sd']:.4f}"


_COLUMNS = (
    Column("trainings", lambda cell: str(cell["trainings"])),
    Column("parameters", lambda cell: count(cell["params"])),
    Column("multiply-adds", lambda cell: count(cell["flops"])),
    Column("validation", lambda cell: mean_sd(cell["val_accuracy"])),
    Column("test", lambda cell: mean_sd(cell["test_accuracy"])),
    Column("cell", lambda cell: str(cell["cell"]), prose=True),
)
