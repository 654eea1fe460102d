"""A table in memory: what is known of each cell of a space that was trained before."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pnas.errors import InvalidValue, require
from pnas.state_space import Cell, SlotSpace

KEY = "trainer.table"
"""The key that every complaint about a table names."""


@dataclass(frozen=True)
class Row:
    """One cell's results.

    Attributes:
        rewards: of each training, in [0, 1]; at least one.
        test: accuracy that judges it, in [0, 1].
        epochs: of one training.
        seconds: of one training.
        params: trainable parameters.
        flops: multiply-adds of one example.
    """

    rewards: tuple[float, ...]
    test: float | None = None
    epochs: float | None = None
    seconds: float | None = None
    params: int | None = None
    flops: int | None = None

    @property
    def mean(self) -> float:
        """Mean reward of its trainings."""
        return sum(self.rewards) / len(self.rewards)


@dataclass(frozen=True)
class Table:
    """Results by cell.

    Attributes:
        path: where it was read from.
        space: that its cells belong to.
        rows: by identity of the cell.
        identify: cell -> identity, equal for cells that are the same.
    """

    path: Path
    space: SlotSpace
    rows: Mapping[str, Row]
    identify: Callable[[Cell], str]

    def row(self, cell: Cell) -> Row:
        """What is known of ``cell``.

        Raises:
            InvalidValue: it is not in the table.
        """
        found = self.rows.get(self.identify(cell))
        if found is None:
            raise InvalidValue(
                KEY,
                f"must hold every cell that is asked for; {self.path} lacks this one",
                str(cell),
            )
        return found

    @property
    def epochs(self) -> float | None:
        """Of the longest training; None if the table does not say."""
        return max(
            (row.epochs for row in self.rows.values() if row.epochs is not None), default=None
        )

    @property
    def fingerprint(self) -> str:
        """Tells tables with other results apart."""
        text = "\n".join(f"{key} {self.rows[key]}" for key in sorted(self.rows))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def require_covers(self, space: SlotSpace) -> None:
        """Refuse a search of ``space`` whose cells are not of the table's.

        Raises:
            InvalidValue: it differs in kind, has larger cells, or decisions that the table's cells do not have.
        """
        rule = f"must be a space that {self.path} covers: {self.space.spec()}"
        mine = self.space.spec()
        theirs = space.spec()
        require(mine["kind"] == theirs["kind"], "state_space.kind", rule, theirs["kind"])
        require(space.B <= self.space.B, "state_space.B", rule, space.B)
        for b in range(1, space.B + 1):
            for known, wanted in zip(self.space.slots(b), space.slots(b), strict=True):
                extra = [value for value in wanted.values if value not in known.values]
                key = (
                    "state_space.operators"
                    if known.kind == "operator"
                    else "state_space.input_lookback_depth"
                )
                require(not extra, key, rule, extra)
