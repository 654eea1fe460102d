"""`Observer`: what is called with each event of a search."""

from collections.abc import Sequence
from typing import Protocol

from pnas.records import ChildRecord


class Observer(Protocol):
    """Is called with each event once the journal holds it. It may show it, and changes nothing.

    A class that derives from it need define only the events that concern it.
    """

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Stage ``b`` with these children was opened, or taken up again."""
        return

    def stage_extended(self, b: int, children: Sequence[ChildRecord], planned: int) -> None:
        """Children were added to stage ``b`` of an asynchronous search, or were its first.

        Args:
            b: The stage.
            children: All of its children so far.
            planned: Number of children that it is going to have, at most.
        """
        return

    def child_ended(self, child: ChildRecord) -> None:
        """A child was trained, or failed."""
        return

    def learning(self, b: int) -> None:
        """The children of stage ``b`` have ended, and the predictor is about to be fitted."""
        return

    def stage_closed(self, b: int) -> None:
        """The predictor has learned from stage ``b``."""
        return
