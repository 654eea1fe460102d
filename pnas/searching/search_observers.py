"""What watches a search on behalf of the user: files, tracker, weights. Each only reads the journal."""

import time
from collections.abc import Sequence
from pathlib import Path

from pnas.records import ChildRecord, Journal, best_child, write_summary
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
        self._earlier = journal.meta("search_seconds", 0.0)
        self._started = time.monotonic()
        self._next_write = self._started

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        self._count_time()

    def child_ended(self, child: ChildRecord) -> None:
        self._count_time()

    def learning(self, b: int) -> None:
        pass

    def stage_closed(self, b: int) -> None:
        began = time.monotonic()
        if began < self._next_write:
            self._count_time()
            return
        self.write()
        ended = time.monotonic()
        self._next_write = ended + self._PAUSES_PER_WRITE * (ended - began)

    def write(self) -> None:
        """Bring both files up to date."""
        self._count_time()
        write_summary(self._run_dir, self._journal)

    def _count_time(self) -> None:
        self._journal.set_meta(search_seconds=self._earlier + time.monotonic() - self._started)


class KeepBestWeights:
    """Keeps the weights of the best child so far and drops the others as they are beaten.

    A spare child better than all may be chosen again by a stage to come: until that is planned its weights stay too.
    """

    def __init__(self, weights_dir: Path, journal: Journal) -> None:
        self._dir = weights_dir
        self._journal = journal
        self._best = best_child(journal.children())
        self._drop_the_rest(len(journal.stages()))

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        # It may have brought results along.
        self._best = best_child(self._journal.children())

    def child_ended(self, child: ChildRecord) -> None:
        loser: ChildRecord | None = child
        if child.reward is not None:
            candidates = [child] if self._best is None else [self._best, child]
            best = best_child(candidates)
            loser = None if self._best is None else next(c for c in candidates if c is not best)
            self._best = best
        if loser is not None:
            (self._dir / f"{loser.key}.npz").unlink(missing_ok=True)

    def learning(self, b: int) -> None:
        pass

    def stage_closed(self, b: int) -> None:
        self._drop_the_rest(b)

    def _drop_the_rest(self, b: int) -> None:
        """Drop what is neither the best child's, nor that of a better spare one that a stage after ``b`` may choose."""
        chosen = self._journal.children()
        awaited = [child for child in self._journal.superseded() if child.b > b]
        best = [best_child(chosen), best_child([*chosen, *awaited])]
        keep = {f"{child.key}.npz" for child in best if child is not None}
        for path in self._dir.iterdir():
            if path.name not in keep:
                path.unlink()


class Notify:
    """Tells the tracker that there is news."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        self._tracker.notify()

    def child_ended(self, child: ChildRecord) -> None:
        self._tracker.notify()

    def learning(self, b: int) -> None:
        pass

    def stage_closed(self, b: int) -> None:
        self._tracker.notify()
