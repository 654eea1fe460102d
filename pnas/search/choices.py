"""The children that a proposal asks for: cells with the identity of their trainings."""

from collections.abc import Sequence
from typing import Protocol

from pnas.records import Choice
from pnas.search.strategies.base import Proposal
from pnas.state_space import Cell


class Identify(Protocol):
    """Gives the training of a cell its identity."""

    def __call__(self, cell: Cell, repeat: int, epochs: int | None = ...) -> tuple[str, int]:
        """Return key and seed of the ``repeat``-th training of ``cell``, from 1.

        With ``epochs`` it is a short training of so many.
        """
        ...


def make_choices(proposal: Proposal, identify: Identify) -> list[Choice]:
    """Return what a journal stores of the children that ``proposal`` asks for, in its order."""
    count = len(proposal.cells)
    predictions: Sequence[float | None] = proposal.predictions or [None] * count
    repeats = proposal.repeats or [1] * count
    choices = []
    for cell, predicted, repeat in zip(proposal.cells, predictions, repeats, strict=True):
        if proposal.epochs is None:
            key, seed = identify(cell, repeat)
        else:
            key, seed = identify(cell, repeat, proposal.epochs)
        choices.append(Choice(cell, key, seed, predicted))
    return choices
