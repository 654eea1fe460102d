"""What observes a search for the user: files, weights, tracker. Each only reads the journal."""

import time
from collections.abc import Sequence
from pathlib import Path

from pnas.records import ChildRecord, Journal, best_child, write_summary
from pnas.records.cell_trainings import cell_key, is_repeated
from pnas.records.plan_facts import WINNER
from pnas.records.summary import PREDICTED_SECONDS
from pnas.search.pacing import TimeLeft
from pnas.tracking import Tracker


class Summarize:
    """Keeps search_seconds in the journal, and summary.json and children.csv beside it.

    The files are written after a stage, but not so often that writing them, which takes longer the
    more children there are, takes more than a small part of the search.
    """

    _PAUSES_PER_WRITE = 10.0

    def __init__(self, run_dir: Path, journal: Journal) -> None:
        self._run_dir = run_dir
        self._journal = journal
        self._seconds_before = journal.meta("search_seconds", 0.0)
        self._started = time.monotonic()
        self._next_write = self._started

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Count the time of planning."""
        self.count_time()

    def stage_extended(self, b: int, children: Sequence[ChildRecord], planned: int) -> None:
        """Do nothing: the end of a child follows, which counts the time."""

    def child_ended(self, child: ChildRecord) -> None:
        """Count the time of training."""
        self.count_time()

    def learning(self, b: int) -> None:
        """Do nothing."""

    def stage_closed(self, b: int) -> None:
        """Write both files, unless they were written a moment ago."""
        began = time.monotonic()
        if began < self._next_write:
            self.count_time()
            return
        self.write()
        ended = time.monotonic()
        self._next_write = ended + self._PAUSES_PER_WRITE * (ended - began)

    def write(self) -> None:
        """Bring both files up to date."""
        self.count_time()
        write_summary(self._run_dir, self._journal)

    def count_time(self) -> None:
        """Store how long the commands of this search have taken together."""
        elapsed = time.monotonic() - self._started
        self._journal.set_meta(search_seconds=self._seconds_before + elapsed)


class KeepBestWeights:
    """Keeps the weights of the best child so far and removes the others as they are beaten.

    A superseded child that is better than all others may be chosen again by a later stage: until
    that stage is planned its weights stay too. So do those of further trainings of a cell, until
    the winner is known (`keep_winner_weights`).
    """

    def __init__(self, weights_dir: Path, journal: Journal) -> None:
        self._dir = weights_dir
        self._journal = journal
        self._best = best_child(journal.children())
        self._remove_others(len(journal.stages()), in_training=[])

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Look for the best child again: the stage may have brought results along."""
        self._best = best_child(self._journal.children())

    def stage_extended(self, b: int, children: Sequence[ChildRecord], planned: int) -> None:
        """Look for the best child again if results were brought along."""
        if children[-1].ended_at is not None:
            self._best = best_child(self._journal.children())

    def child_ended(self, child: ChildRecord) -> None:
        """Remove the weights of the worse of ``child`` and the best child before it."""
        loser = self._loser_against(child)
        if loser is not None and not is_repeated(loser):
            path = self._dir / f"{loser.key}.npz"
            path.unlink(missing_ok=True)

    def learning(self, b: int) -> None:
        """Do nothing."""

    def stage_closed(self, b: int) -> None:
        """Remove everything that no stage after ``b`` can need."""
        chosen = self._journal.children()
        # In an asynchronous search children are in training beside a stage that ends.
        self._remove_others(b, [child for child in chosen if child.ended_at is None])

    def _loser_against(self, child: ChildRecord) -> ChildRecord | None:
        if child.reward is None:
            return child
        former = self._best
        if former is None:
            self._best = child
            return None
        self._best = best_child([former, child])
        return former if self._best is child else child

    def _remove_others(self, b: int, in_training: Sequence[ChildRecord]) -> None:
        """Keep the best weights, and those of a better child that may be chosen after ``b``.

        Children ``in_training`` may be writing theirs.
        """
        chosen = self._journal.children()
        superseded = [child for child in self._journal.superseded() if child.b > b]
        best = best_child(chosen)
        best_to_come = best_child([*chosen, *superseded])
        again = [child for child in chosen if is_repeated(child)]
        kept = [best, best_to_come, *again, *in_training]
        keep = {f"{child.key}.npz" for child in kept if child is not None}
        for path in self._dir.iterdir():
            is_draft = bool(in_training) and path.name.startswith(".")
            if path.name not in keep and not is_draft:
                path.unlink()


def keep_winner_weights(weights_dir: Path, journal: Journal) -> None:
    """Remove the weights of cells that were trained again and did not win."""
    winner = journal.meta(WINNER) or {}
    best = best_child(journal.children())
    for child in journal.children():
        is_kept = cell_key(child.key) == winner.get("key") or child is best
        if is_repeated(child) and not is_kept:
            path = weights_dir / f"{child.key}.npz"
            path.unlink(missing_ok=True)


class Notify:
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

    def learning(self, b: int) -> None:
        """Do nothing."""

    def stage_closed(self, b: int) -> None:
        """Notify the tracker."""
        self._tracker.notify()


class PredictEnd:
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

    def learning(self, b: int) -> None:
        """Do nothing."""

    def stage_closed(self, b: int) -> None:
        """Do nothing."""

    def _predict(self) -> None:
        children = self._journal.children()
        ended = [child for child in children if child.ended_at is not None]
        of_stage = [child for child in children if child.b == self._b]
        missing = [child for child in of_stage if child.ended_at is None]
        left = self._time_left.of_search(missing, ended)
        if left is not None:
            seconds = float(self._journal.meta("search_seconds", 0.0))
            self._journal.set_meta(**{PREDICTED_SECONDS: seconds + left})
