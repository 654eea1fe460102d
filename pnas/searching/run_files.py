"""`Summarize`: keeps the files of a search up to date that people read."""

import time
from collections.abc import Sequence
from pathlib import Path

from pnas.records import ChildRecord, Journal, write_summary
from pnas.search import Observer


class Summarize(Observer):
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

    def child_ended(self, child: ChildRecord) -> None:
        """Count the time of training."""
        self.count_time()

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
