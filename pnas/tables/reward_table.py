"""A table in memory: the results of cells that were trained before."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pnas.errors import InvalidValue, require
from pnas.state_space import Cell, Slot, SlotSpace
from pnas.state_space.typed_space import as_typed
from pnas.tables.learning_curves import Curve
from pnas.tables.table_key import KEY


@dataclass(frozen=True)
class ShortTraining:
    """What a short training of a cell has shown.

    Attributes:
        reward: Its reward, in [0, 1].
        loss: Mean of its training losses over all of its epochs; None if it is not known.
    """

    reward: float
    loss: float | None = None


@dataclass(frozen=True)
class Row:
    """The results of one cell.

    Attributes:
        rewards: Reward of each training, in [0, 1]; at least one.
        test: Accuracy that judges the cell, in [0, 1].
        epochs: Epochs of one training.
        seconds: Seconds of one training.
        params: Number of trainable parameters.
        flops: Multiply-adds of one example.
        further: Values of further objectives, by column.
        shorter: Short trainings of the cell, at least one each, by their number of epochs.
        curves: Learning curve of each training; none where they are not known.
    """

    rewards: tuple[float, ...]
    test: float | None = None
    epochs: float | None = None
    seconds: float | None = None
    params: int | None = None
    flops: int | None = None
    # The fingerprint of a table without such columns must stay what it was.
    further: Mapping[str, float] = field(default_factory=dict, repr=False)
    shorter: Mapping[int, tuple[ShortTraining, ...]] = field(default_factory=dict, repr=False)
    curves: tuple[Curve, ...] = field(default=(), repr=False, compare=False)

    @property
    def mean(self) -> float:
        """Mean reward of the trainings."""
        return sum(self.rewards) / len(self.rewards)


@dataclass(frozen=True)
class Table:
    """Results by cell.

    Attributes:
        path: File that the table was read from.
        space: State space of its cells.
        rows: Results by the identity of the cell.
        identify: Maps a cell to its identity, equal for cells that the table holds to be the same.
        objectives: Columns of further objectives, each with ``maximise`` or ``minimise``.
    """

    path: Path
    space: SlotSpace
    rows: Mapping[str, Row]
    identify: Callable[[Cell], str]
    objectives: Mapping[str, str] = field(default_factory=dict)

    def row(self, cell: Cell) -> Row:
        """Return the results of ``cell``.

        Raises:
            InvalidValue: The table lacks it.
        """
        row = self.rows.get(self.identify(cell))
        if row is None:
            rule = f"must hold every cell that is asked for; {self.path} lacks this one"
            raise InvalidValue(KEY, rule, str(cell))
        return row

    @property
    def epochs(self) -> float | None:
        """Epochs of the longest training; None if the table does not say."""
        known = [row.epochs for row in self.rows.values() if row.epochs is not None]
        return max(known, default=None)

    @property
    def short_epochs(self) -> list[int]:
        """Numbers of epochs for which every cell has a short training, ascending."""
        common: set[int] | None = None
        for row in self.rows.values():
            own = set(row.shorter)
            common = own if common is None else common & own
        return sorted(common or ())

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ between tables with different results."""
        lines = []
        for key in sorted(self.rows):
            row = self.rows[key]
            further = f" {dict(row.further)}" if row.further else ""
            shorter = f" {dict(row.shorter)}" if row.shorter else ""
            lines.append(f"{key} {row}{further}{shorter}{_digest(row.curves)}")
        digest = hashlib.sha256("\n".join(lines).encode())
        return digest.hexdigest()[:16]

    @property
    def has_curves(self) -> bool:
        """Whether the learning curve of every training is known."""
        return all(len(row.curves) == len(row.rewards) for row in self.rows.values())

    def require_covers(self, space: SlotSpace) -> None:
        """Check that every cell of ``space`` belongs to the table's space.

        Raises:
            InvalidValue: The space is of another kind, has larger cells, or has decisions that the
                table's cells do not have.
        """
        mine = self.space.spec()
        theirs = space.spec()
        rule = f"must be a space that {self.path} covers: {as_typed(mine)}"
        require(mine["kind"] == theirs["kind"], "state_space.kind", rule, theirs["kind"])
        require(space.B <= self.space.B, "state_space.B", rule, space.B)

        for b in range(1, space.B + 1):
            for known, wanted in zip(self.space.slots(b), space.slots(b), strict=True):
                _check_slot_covered(known, wanted, rule)


def _digest(curves: Sequence[Curve]) -> str:
    """Return what differs between different curves; nothing where there are none."""
    if not curves:
        return ""
    digest = hashlib.sha256()
    for curve in curves:
        digest.update(curve.losses.tobytes())
        digest.update(curve.accuracies.tobytes())
    return f" {digest.hexdigest()}"


def _check_slot_covered(known: Slot, wanted: Slot, rule: str) -> None:
    extra = [value for value in wanted.values if value not in known.values]
    if known.kind == "operator":
        key = "state_space.operators"
    else:
        key = "state_space.input_lookback_depth"
    require(not extra, key, rule, extra)
