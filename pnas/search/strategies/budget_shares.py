"""How the budget of a search is shared between it and its confirmation."""

import math

ROUNDING = 1e-9
"""What a number of trainings may lack of a whole one by rounding errors."""

_FEWEST_COMPARED = 2
"""Cells, and further trainings, below which a confirmation has nothing to compare."""


class BudgetShares:
    """What the limits of trainings and epochs leave to either part of a search.

    Attributes:
        max_children: Largest number of trainings; None for no limit.
        max_epochs: Largest number of epochs of all trainings together; None for no limit.
        confirm: Share of the trainings that is kept for the confirmation.
    """

    max_children: int | None
    max_epochs: int | None
    confirm: float

    def trainings_within(self, epochs: float | None, share: float = 1.0) -> float:
        """Return how many whole trainings its limits of children and epochs are.

        It may be below a whole number by a rounding error, and is infinite without such a limit.

        Args:
            epochs: Number of epochs of a whole training; None if it is not known.
            share: Share of each limit.
        """
        trainings = math.inf
        if self.max_children is not None:
            trainings = whole_part(share * self.max_children)
        if self.max_epochs is not None and epochs is not None:
            trainings = min(trainings, share * self.max_epochs / epochs)
        return trainings

    def confirm_share(self, epochs: float | None) -> float:
        """Return the share of the trainings that the confirmation gets.

        It is `confirm`, or 0 where the limits of children or epochs are so small that there would
        be no two cells, or no two further trainings of them, to compare.

        Args:
            epochs: Number of epochs of a whole training; None if it is not known.
        """
        of_all = whole_part(self.trainings_within(epochs))
        if not self.confirm or math.isinf(of_all):
            return self.confirm
        of_search = whole_part(self.trainings_within(epochs, 1 - self.confirm))
        fewest = min(of_search, of_all - of_search)
        return self.confirm if fewest >= _FEWEST_COMPARED else 0.0

    def search_share(self, epochs: float | None) -> float:
        """Return the share of the trainings that is left for searching; see `confirm_share`."""
        return 1 - self.confirm_share(epochs)

    def search_trainings(self, epochs: float | None) -> float:
        """Return the largest number of whole trainings before the confirmation.

        See `trainings_within` for the argument, and for what is returned.
        """
        return self.trainings_within(epochs, self.search_share(epochs))

    def confirmations(self, epochs: float | None) -> int | None:
        """Return what the search leaves of its limits of children and epochs; None without one."""
        of_all = self.trainings_within(epochs)
        if math.isinf(of_all):
            return None
        return int(whole_part(of_all) - whole_part(self.search_trainings(epochs)))


def whole_part(count: float) -> float:
    """Round down, but for what is below a whole number by a rounding error only."""
    return count if math.isinf(count) else math.floor(count + ROUNDING)
