"""Limits on the size of children (``trainer.max_params``, ``trainer.max_madds``).

They are checked on counts, before any child is built.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pnas.children.network.counts import Counts, count_network
from pnas.children.network.layers import Shape
from pnas.children.network_specs import NetworkSpec
from pnas.children.trainer_specs import TrainerSpec
from pnas.errors import InvalidValue
from pnas.state_space import Cell


class _Limit(NamedTuple):
    """One limit.

    Attributes:
        key: Key that people type.
        value: Largest count; None means no limit.
        field: Field of `Counts` that it limits.
        unit: What is counted.
    """

    key: str
    value: int | None
    field: str
    unit: str

    def is_exceeded(self, counts: Counts) -> bool:
        return self.value is not None and self.size(counts) > self.value

    def size(self, counts: Counts) -> int:
        size: int = getattr(counts, self.field)
        return size


@dataclass(frozen=True)
class Limits:
    """Which cells make children that are small enough to be trained.

    Attributes:
        trainer: Settings with the limits.
        network: Settings of the network around the cells.
        image_shape: Height, width and channels of the images.
        num_classes: Number of classes.
    """

    trainer: TrainerSpec
    network: NetworkSpec
    image_shape: Shape
    num_classes: int

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return any(limit.value is not None for limit in self._limits())

    def is_feasible(self, cell: Cell) -> bool:
        """Return whether the child of ``cell`` may be trained."""
        if not self:
            return True
        return self.excess(self.count(cell)) is None

    def count(self, cell: Cell) -> Counts:
        """Return the size of the child of ``cell``."""
        return count_network(cell, self.network, self.image_shape, self.num_classes)

    def excess(self, counts: Counts) -> str | None:
        """Return, in words, which limit ``counts`` exceed; None if they exceed none."""
        for limit in self._limits():
            if limit.is_exceeded(counts):
                size = limit.size(counts)
                return f"{size:,} {limit.unit} are more than {limit.key}={limit.value} allows"
        return None

    def check(
        self, cells: Iterable[Cell], at_least: int, which: str = "cells of one block"
    ) -> None:
        """Check that the limits leave at least ``at_least`` of ``cells``.

        Args:
            cells: The cells; no more of them are counted than it takes.
            at_least: Number of cells.
            which: What they are, for the error message.

        Raises:
            InvalidValue: They leave fewer. The message names the value that the limit must have.
        """
        if not self:
            return
        counts: list[Counts] = []
        num_feasible = 0
        for cell in cells:
            counts.append(self.count(cell))
            num_feasible += self.excess(counts[-1]) is None
            if num_feasible == at_least:
                return

        for limit in self._limits():
            sizes = sorted(limit.size(each) for each in counts)
            needed = sizes[min(at_least, len(sizes)) - 1]
            if limit.value is not None and limit.value < needed:
                rule = f"must be at least {needed}, for {at_least} {which} to be trained"
                raise InvalidValue(limit.key, rule, limit.value)

        # Each limit by itself leaves enough; it is both together that do not.
        first = next(limit for limit in self._limits() if limit.value is not None)
        raise InvalidValue(first.key, f"must leave {which}", first.value)

    def _limits(self) -> tuple[_Limit, _Limit]:
        trainer = self.trainer
        return (
            _Limit("trainer.max_params", trainer.max_params, "params", "parameters"),
            _Limit("trainer.max_madds", trainer.max_madds, "flops", "multiply-adds"),
        )
