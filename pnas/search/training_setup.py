"""`TrainingSetup`: how a search trains its children, whichever they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pnas.execution import Executor
from pnas.search.measurements import Measurements
from pnas.search.observer import Observer
from pnas.state_space import Cell


@dataclass(frozen=True)
class TrainingSetup:
    """What trains the children of a search, and what is kept of them.

    Attributes:
        executor: Trains children, or looks them up.
        observers: Are called after each event is in the journal.
        weights_dir: Directory for the weights of children; None to keep none.
        kept_dir: Directory of the short trainings that longer ones continue; None where each begins
            anew.
        measurements: What is measured of children before they are trained; None for nothing.
        cost: Cost of a cell's child in any unit. Where it is given the most expensive children are
            trained first, which keeps all workers busy until the end of a stage.
        grace: Seconds that the first Ctrl-C waits for the children that are being trained.
    """

    executor: Executor
    observers: Sequence[Observer] = ()
    weights_dir: Path | None = None
    kept_dir: Path | None = None
    measurements: Measurements | None = None
    cost: Callable[[Cell], float] | None = None
    grace: float = 30.0
