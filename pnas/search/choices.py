"""The children that a proposal asks for: cells with the identity of their trainings."""

from collections.abc import Sequence
from typing import Protocol

from pnas.errors import require
from pnas.records import Choice
from pnas.search.strategies.base import Proposal
from pnas.state_space import Cell

_KEY = "search.kind"
_RULE = "must name a strategy that proposes cells, in a Proposal,"


class Identify(Protocol):
    """Gives the training of a cell its identity."""

    def __call__(self, cell: Cell, repeat: int, epochs: int | None = ...) -> tuple[str, int]:
        """Return key and seed of the ``repeat``-th training of ``cell``, from 1.

        With ``epochs`` it is a short training of so many.
        """
        ...


def make_choices(proposal: Proposal, identify: Identify) -> list[Choice]:
    """Return what a journal stores of the children that ``proposal`` asks for, in its order.

    Raises:
        InvalidValue: It is no proposal of cells, each with one prediction and asked for once.
    """
    _check_proposal(proposal)
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

    keys = {choice.key for choice in choices}
    require(len(keys) == count, _KEY, f"{_RULE} without a cell twice", list(proposal.cells))
    return choices


def _check_proposal(proposal: Proposal) -> None:
    """Check what a strategy proposes, which may be one of an extension."""
    are_cells = isinstance(proposal, Proposal) and all(
        isinstance(cell, Cell) for cell in proposal.cells
    )
    require(are_cells, _KEY, _RULE, proposal)
    if proposal.predictions is not None:
        rule = f"{_RULE} with a prediction of each"
        predicted = len(proposal.predictions)
        require(predicted == len(proposal.cells), _KEY, rule, f"{predicted} predictions")
