"""Columns of short trainings: ``reward@3``, ``reward@3_2``, ``loss@3``, ... for 3 epochs."""

import re
from collections.abc import Iterable, Mapping, Sequence

from pnas.state_space import Cell
from pnas.tables.column_parsing import Columns, accuracy, as_number
from pnas.tables.reward_table import Row, ShortTraining

_LOSS = "loss"

ShortColumns = Mapping[int, Sequence[tuple[str, str]]]
"""Columns of the reward and of the loss of each short training, by the number of epochs."""


def find_short_columns(columns: Columns, reward: str) -> ShortColumns:
    """Return the columns of short trainings whose rewards are those of the column ``reward``."""
    pattern = re.compile(rf"{re.escape(reward)}@(\d{{1,9}})(_\d{{1,4}})?")
    found: dict[int, list[tuple[str, str]]] = {}
    for name in columns:
        match = pattern.fullmatch(name)
        if match is not None:
            epochs, repeat = match.groups()
            loss = f"{_LOSS}@{epochs}{repeat or ''}"
            found.setdefault(int(epochs), []).append((name, loss))
    return found


def parse_short_trainings(
    columns: Columns, short: ShortColumns, i: int, cell: str
) -> dict[int, tuple[ShortTraining, ...]]:
    """Return the short trainings of row ``i`` by their number of epochs.

    Raises:
        InvalidValue: A reward is not a number in [0, 1].
    """
    by_epochs = {}
    for epochs, names in short.items():
        trainings = []
        for reward_name, loss_name in names:
            value = columns[reward_name][i]
            # A training that failed is an empty entry.
            if value == "":
                continue
            loss = as_number(columns[loss_name][i]) if loss_name in columns else None
            trainings.append(ShortTraining(accuracy(value, reward_name, cell), loss))
        if trainings:
            by_epochs[epochs] = tuple(trainings)
    return by_epochs


def short_names(rows: Iterable[tuple[Cell, Row]]) -> list[str]:
    """Return the names of the columns that ``rows`` need for their short trainings."""
    most: dict[int, int] = {}
    for _, row in rows:
        for epochs, trainings in row.shorter.items():
            most[epochs] = max(most.get(epochs, 0), len(trainings))
    names = []
    for epochs in sorted(most):
        for repeat in range(1, most[epochs] + 1):
            ending = "" if repeat == 1 else f"_{repeat}"
            names += [f"reward@{epochs}{ending}", f"{_LOSS}@{epochs}{ending}"]
    return names


def short_values(row: Row, names: Sequence[str]) -> list[float | str]:
    """Return the values of the short trainings of ``row`` in the columns ``names``."""
    values: dict[str, float | str] = {}
    for epochs, trainings in row.shorter.items():
        for repeat, training in enumerate(trainings, start=1):
            ending = "" if repeat == 1 else f"_{repeat}"
            loss = training.loss
            values[f"reward@{epochs}{ending}"] = training.reward
            values[f"{_LOSS}@{epochs}{ending}"] = "" if loss is None else loss
    return [values.get(name, "") for name in names]
