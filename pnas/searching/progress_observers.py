"""What tells others how far a search is: the tracker, and `task=show`."""

from collections.abc import Sequence

from pnas.records import ChildRecord, Journal
from pnas.records.summary import PREDICTED_SECONDS
from pnas.search import Observer
from pnas.search.pacing import TimeLeft
from pnas.tracking import Tracker


class Notify(Observer):
    """Notifies the tracker of news in the journal."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Notify the tracker."""
        self._tracker.notify()

    def stage_extended(self, b: int, children: Sequence[ChildRecord], planned: int) -> None:
        """Notify the tracker."""
        self._tracker.notify()

    def child_ended(self, child: ChildRecord) -> None:
        """Notify the tracker."""
        self._tracker.notify()

    def stage_closed(self, b: int) -> None:
        """Notify the tracker."""
        self._tracker.notify()


class PredictEnd(Observer):
    """Keeps in the journal how long the whole search is predicted to take, for `task=show`.

    Args:
        journal: Journal of the search.
        time_left: Predicts it.
    """

    def __init__(self, journal: Journal, time_left: TimeLeft) -> None:
        self._journal = journal
        self._time_left = time_left
        self._b = 0

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Predict the end of a search with this stage."""
        self._b = b
        self._predict()

    def stage_extended(self, b: int, children: Sequence[ChildRecord], planned: int) -> None:
        """Predict the end with the stage that is filled now; the next end of a child does so."""
        self._b = b

    def child_ended(self, child: ChildRecord) -> None:
        """Predict the end anew."""
        self._predict()

    def _predict(self) -> None:
        children = self._journal.children()
        ended = [child for child in children if child.ended_at is not None]
        of_stage = self._journal.children(self._b)
        missing = [child for child in of_stage if child.ended_at is None]
        left = self._time_left.of_search(missing, ended)
        if left is not None:
            seconds = float(self._journal.meta("search_seconds", 0.0))
            self._journal.set_meta(**{PREDICTED_SECONDS: seconds + left})
