"""`Objective`: one number of a cell that a search makes as high, or as low, as it can."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pnas.state_space import Cell


@dataclass(frozen=True)
class Facts:
    """What is known of a cell; before its training that is all but reward, seconds and metrics.

    Attributes:
        cell: The cell.
        params: Trainable parameters of its network; None where they are not known.
        madds: Multiply-adds of one forward pass of one example; None where they are not known.
        memory_mb: Megabytes of an inference, weights included; None where they are not known.
        reward: Validation accuracy in [0, 1]; None before the training has ended.
        seconds: Wall-clock seconds of its training; None before it has ended.
        metrics: Values by name that the training left; what was measured before it, and those of a
            table's further columns, have one value each.
    """

    cell: Cell
    params: int | None = None
    madds: int | None = None
    memory_mb: float | None = None
    reward: float | None = None
    seconds: float | None = None
    metrics: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Objective:
    """One objective.

    Attributes:
        value: Returns the value of a cell from what is known of it; None where it is not known.
        is_maximised: Whether higher values are better.
        is_known_before: Whether the value is exact before the cell is trained. Any other one is
            predicted, by a predictor of its own that learns logarithms: such a value must be
            positive.
        is_measured: Whether the value is measured of a cell that was chosen, before it is trained,
            so that the training can be saved where it breaks a constraint.
    """

    value: Callable[[Facts], float | None]
    is_maximised: bool = False
    is_known_before: bool = False
    is_measured: bool = False
