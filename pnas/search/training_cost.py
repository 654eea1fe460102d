"""What the training of a child costs: its epochs, or the difference to a short one.

Where the short training of a rung is continued (``search.rung_training=continued``) a longer one of
the same cell costs the epochs after those that were kept. Which ones were is a fact of the journal,
and so is what a child costs; it does not depend on whether a file was lost on the way.
"""

from collections.abc import Mapping

from pnas.records import ChildRecord, Journal, Status
from pnas.records.cell_trainings import (
    cell_key,
    epochs_of,
    has_ended_short,
    repeat_of,
    short_epochs,
)

KEPT_EPOCHS = "kept_epochs"
"""Name, in the journal, of the epochs that each rung keeps; missing where none is continued."""


def store_kept_epochs(journal: Journal, kept_epochs: Mapping[int, int]) -> None:
    """Store how many epochs each rung keeps for longer trainings, by its epochs."""
    journal.set_meta(**{KEPT_EPOCHS: {str(rung): kept for rung, kept in kept_epochs.items()}})


class TrainingCost:
    """Cost of children in shares of a whole training, and in epochs.

    Args:
        journal: Journal of the search, whose children are added.
        epochs: Number of epochs of a whole training.
    """

    def __init__(self, journal: Journal, epochs: float) -> None:
        stored = journal.meta(KEPT_EPOCHS) or {}
        self._epochs = epochs
        self._kept_epochs = {int(rung): int(kept) for rung, kept in stored.items()}
        self._rungs: dict[str, set[int]] = {}
        if self._kept_epochs:
            for child in journal.children():
                self.add(child)

    def add(self, child: ChildRecord) -> None:
        """Add a child that has ended: if it is short, a longer training may continue it."""
        epochs = short_epochs(child.key)
        if epochs in self._kept_epochs and has_ended_short(child):
            self._rungs.setdefault(cell_key(child.key), set()).add(epochs)

    def share(self, child: ChildRecord) -> float:
        """Return which share of a whole training ``child`` is trained for."""
        if child.status is not Status.STOPPED:
            return self.planned_share(child.key)
        return (epochs_of(child.metrics) - self._continued(child.key)) / self._epochs

    def planned_share(self, key: str) -> float:
        """Return which share of a whole training the training ``key`` takes to its end."""
        short = short_epochs(key)
        epochs = self._epochs if short is None else short
        return (epochs - self._continued(key)) / self._epochs

    def share_after(self, rung: int, epochs: int | None) -> float:
        """Return which share of a whole training one of ``epochs`` epochs takes after a short one.

        Args:
            rung: Epochs of the short one.
            epochs: Epochs of the longer one; None for a whole training.
        """
        longer = self._epochs if epochs is None else epochs
        return (longer - self._kept_epochs.get(rung, 0)) / self._epochs

    def spent_epochs(self, child: ChildRecord) -> float:
        """Return the number of epochs that ``child``, which has ended, was trained for."""
        return max(0.0, epochs_of(child.metrics) - self._continued(child.key))

    def _continued(self, key: str) -> int:
        """Return the number of epochs that a shorter training of the cell has kept."""
        if not self._kept_epochs or repeat_of(key) > 1:
            return 0
        epochs = short_epochs(key) or self._epochs
        rungs = self._rungs.get(cell_key(key), ())
        return max((self._kept_epochs[rung] for rung in rungs if rung < epochs), default=0)
