"""Limits on the size of children (`trainer.max_params`, `trainer.max_madds`), checked on counts before any is built."""

from collections.abc import Iterable
from dataclasses import dataclass

from pnas.children.network.counts import Counts, count_network
from pnas.children.network.layers import Shape
from pnas.children.spec import NetworkSpec, TrainerSpec
from pnas.errors import InvalidValue
from pnas.state_space import Cell


@dataclass(frozen=True)
class Limits:
    """Which cells make children small enough to be trained.

    Attributes:
        trainer: has the limits.
        network: what surrounds the cells.
        image_shape: height, width and channels of the images.
        num_classes: of the data.
    """

    trainer: TrainerSpec
    network: NetworkSpec
    image_shape: Shape
    num_classes: int

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return self.trainer.max_params is not None or self.trainer.max_madds is not None

    def is_feasible(self, cell: Cell) -> bool:
        """Whether the child of ``cell`` may be trained."""
        return not self or self.excess(self.count(cell)) is None

    def count(self, cell: Cell) -> Counts:
        """Size of the child of ``cell``."""
        return count_network(cell, self.network, self.image_shape, self.num_classes)

    def excess(self, counts: Counts) -> str | None:
        """What is too much about a child of these ``counts``, in words; None if nothing is."""
        most = {"max_params": self.trainer.max_params, "max_madds": self.trainer.max_madds}
        for (key, limit), (found, what) in zip(
            most.items(),
            ((counts.params, "parameters"), (counts.flops, "multiply-adds")),
            strict=True,
        ):
            if limit is not None and found > limit:
                return f"{found:,} {what} are more than trainer.{key}={limit} allows"
        return None

    def check(self, cells: Iterable[Cell], at_least: int) -> None:
        """Refuse limits that leave fewer than ``at_least`` of ``cells``, those of one block.

        Raises:
            InvalidValue: names the limit that even the smallest ones exceed.
        """
        if not self:
            return
        counts = [self.count(cell) for cell in cells]
        if sum(self.excess(count) is None for count in counts) >= at_least:
            return
        for key, sizes in (
            ("max_params", [c.params for c in counts]),
            ("max_madds", [c.flops for c in counts]),
        ):
            limit = getattr(self.trainer, key)
            needed = sorted(sizes)[min(at_least, len(sizes)) - 1]
            if limit is not None and limit < needed:
                rule = f"must be at least {needed}, for {at_least} cells of one block to be trained"
                raise InvalidValue(f"trainer.{key}", rule, limit)
        key = "max_params" if self.trainer.max_params is not None else "max_madds"
        raise InvalidValue(
            f"trainer.{key}", "must leave cells of one block", getattr(self.trainer, key)
        )
