"""Trackers: what a search shows of its progress without waiting for it or failing by it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from pnas.tracking.projection import Info
from pnas.tracking.registry import TRACKERS
from pnas.tracking.tracking_specs import TrackingSpec

OnRun = Callable[[Info], None]
"""Called once with where the search is shown."""


class Tracker(Protocol):
    """Shows a search while it runs. It reads the journal, so it is told only that there is news."""

    @property
    def complete(self) -> bool:
        """Whether, after `finish`, the store holds all of the search."""
        ...

    def notify(self) -> None:
        """Note that the journal has news. Returns at once."""
        ...

    def finish(self, status: str, artifacts: Sequence[Path] = ()) -> Info | None:
        """Show what is left, in bounded time.

        Args:
            status: How the search ended: ``finished``, ``failed`` or ``interrupted``.
            artifacts: More files to keep with the search run.

        Returns:
            Where the search is shown; None if it is shown nowhere.
        """
        ...


class NullTracker:
    """Shows nothing.

    Attributes:
        complete: Always false: no store holds the search.
    """

    complete = False

    def __init__(self, spec: TrackingSpec, run_dir: Path, on_run: OnRun | None = None) -> None:
        pass

    def notify(self) -> None:
        """Do nothing."""

    def finish(self, status: str, artifacts: Sequence[Path] = ()) -> Info | None:
        """Return None."""
        return None


def start_tracker(spec: TrackingSpec, run_dir: Path, on_run: OnRun | None = None) -> Tracker:
    """Return the tracker that ``spec`` asks for, at work.

    Args:
        spec: Which store, or none.
        run_dir: Run directory with the journal, which exists already.
        on_run: Called once, with what `Tracker.finish` returns, as soon as the search run is known.
            It is called inside `notify` or `finish`, so in the caller's thread.
    """
    factory = TRACKERS.factory(spec.backend)
    tracker: Tracker = factory(spec, run_dir, on_run)
    return tracker
