"""What watches a search on behalf of the user: files, tracker, weights. Each only reads the journal."""

import time
from collections.abc import Sequence
from pathlib import Path

from pnas.records import ChildRecord, Journal, best_child, write_summary
from pnas.tracking import Tracker


class Summarize:
    """Keeps search_seconds in the journal, and summary.json and children.csv beside it after every stage."""

    def __init__(self, run_dir: Path, journal: Journal) -> None:
        self._run_dir, self._journal = run_dir, journal
        self._earlier = journal.meta("search_seconds", 0.0)
        self._started = time.monotonic()

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        self._count_time()

    def child_ended(self, child: ChildRecord) -> None:
        self._count_time()

    def learning(self, b: int) -> None:
        pass

    def stage_closed(self, b: int) -> None:
        self.write()

    def write(self) -> None:
        """Bring both files up to date."""
        self._count_time()
        write_summary(self._run_dir, self._journal)

    def _count_time(self) -> None:
        self._journal.set_meta(search_seconds=self._earlier + time.monotonic() - self._started)


class KeepBestWeights:
    """Keeps the weights of the best child so far and drops the others as they are beaten."""

    def __init__(self, weights_dir: Path, journal: Journal) -> None:
        self._dir, self._journal = weights_dir, journal
        best = best_child(journal.children())
        self._best = best
        self._drop_all_but_best()

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        pass

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
        pass

    def _drop_all_but_best(self) -> None:
        keep = None if self._best is None else f"{self._best.key}.npz"
        for path in self._dir.iterdir():
            if path.name != keep:
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
