"""The trainings of each cell of a search, gathered from its children.

The key of a child says which training of its cell it is:

| key | training |
|---|---|
| ``<cell>`` | the first one |
| ``<cell>-2``, ``<cell>-3``, ... | further ones, which confirm it |
| ``<cell>_3e`` | a short one, of 3 epochs |
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress

from pnas.records.child_records import Status
from pnas.records.journal_records import ChildRecord
from pnas.state_space import Cell

_SHORT = re.compile(r"_(\d{1,9})e$")


_KEYS_KNOWN = 1 << 15
"""Keys whose parts are remembered: every report of a search asks for them many times over."""


@dataclass
class CellTrainings:
    """A cell and all of its whole trainings.

    Attributes:
        cell: The cell, as it was written first.
        key: Key of its first training, which is that of the cell.
        children: Its children, in the order in which they were asked for.
    """

    cell: Cell
    key: str
    children: list[ChildRecord] = field(default_factory=list)

    @property
    def rewards(self) -> list[float]:
        """The rewards of its trainings; failed ones have none."""
        return [child.reward for child in self.children if child.reward is not None]

    @property
    def attempts(self) -> int:
        """Number of trainings that were asked for, those without a reward included."""
        return len(self.children)

    @property
    def mean(self) -> float:
        """The mean of its rewards."""
        return sum(self.rewards) / len(self.rewards)

    @property
    def params(self) -> int | None:
        """Number of trainable parameters of its network."""
        return self.children[0].params

    @property
    def flops(self) -> int | None:
        """Number of multiply-adds of one example."""
        return self.children[0].flops

    @property
    def seconds(self) -> float | None:
        """Mean time of a training."""
        known = [child.seconds for child in self.children if child.seconds is not None]
        return sum(known) / len(known) if known else None


@lru_cache(_KEYS_KNOWN)
def repeat_of(key: str) -> int:
    """Return which training of its cell the child ``key`` is, from 1."""
    _, _, repeat = key.partition("-")
    # A key that somebody has written by hand may end in anything.
    return int(repeat) if repeat.isdecimal() else 1


def short_key(key: str, epochs: int) -> str:
    """Return the key of the training for ``epochs`` epochs of the cell with the key ``key``."""
    return f"{key}_{epochs}e"


@lru_cache(_KEYS_KNOWN)
def short_epochs(key: str) -> int | None:
    """Return the epochs of the short training with the key ``key``; None for a whole one."""
    found = _SHORT.search(key)
    return None if found is None else int(found[1])


def is_short(child: ChildRecord) -> bool:
    """Whether ``child`` is trained in part only."""
    return short_epochs(child.key) is not None


def has_ended_whole(child: ChildRecord) -> bool:
    """Whether ``child`` was trained successfully, for all of its epochs."""
    return child.status is Status.OK and not is_short(child)


def has_ended_short(child: ChildRecord) -> bool:
    """Whether ``child`` is a short training that was successful."""
    return child.status is Status.OK and is_short(child)


def epochs_of(metrics: Mapping[str, Sequence[float]]) -> float:
    """Return the epochs that metrics tell of.

    A table states them; otherwise there is a loss for each of them.
    """
    stated = metrics.get("epochs")
    if stated:
        return float(stated[0])
    return float(len(metrics.get("loss", ())))


@lru_cache(_KEYS_KNOWN)
def cell_key(key: str) -> str:
    """Return the key of the cell whose child has the key ``key``."""
    return _SHORT.sub("", key).partition("-")[0]


def is_repeated(child: ChildRecord) -> bool:
    """Whether ``child`` is a further training of its cell."""
    return repeat_of(child.key) > 1


def group_by_cell(children: Iterable[ChildRecord]) -> list[CellTrainings]:
    """Return the whole trainings of each cell, in the order in which the cells were asked for."""
    cells: dict[str, CellTrainings] = {}
    for child in children:
        if is_short(child):
            continue
        key = cell_key(child.key)
        trainings = cells.setdefault(key, CellTrainings(child.cell, key))
        trainings.children.append(child)
    return list(cells.values())


def of_like_size(cells: Sequence[CellTrainings]) -> list[CellTrainings]:
    """Return the cells with as many blocks as one that was to be trained again.

    Their rewards say how far such cells differ; those of much smaller cells do not.
    """
    sizes = [len(each.cell) for each in cells]
    return list(compress(cells, are_alike(sizes, [each.attempts > 1 for each in cells])))


def are_alike(sizes: Sequence[int], trained_again: Sequence[bool]) -> list[bool]:
    """Return of each cell whether it has as many blocks as one that was to be trained again."""
    among = set(compress(sizes, trained_again))
    return [size in among for size in sizes]


def rewarded(cells: Iterable[CellTrainings]) -> list[CellTrainings]:
    """Return the cells that have a reward."""
    return [each for each in cells if each.rewards]
