"""Trackers: what a search tells about its progress, without ever waiting for it or failing because of it."""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pnas.system.redaction import redact, scrub
from pnas.tracking.mlflow_store import StoreBusy
from pnas.tracking.projection import Projection
from pnas.tracking.tracking_specs import TrackingSpec, resolve_uri

Info = dict[str, str]
OnRun = Callable[[Info], None]

_log = logging.getLogger(__name__)
_EVERY = 5.0
_PAUSE = 1.0
_LONGEST_RETRY = 60.0
_LAST_RETRIES = 2.0


class Tracker(Protocol):
    """Shows a search while it runs. Reads the journal, so it is told that there is news, not which."""

    @property
    def complete(self) -> bool:
        """Whether, after `finish`, the store holds all of the search."""
        ...

    def notify(self) -> None:
        """The journal has news. Returns at once."""
        ...

    def finish(self, status: str, artifacts: Sequence[Path] = ()) -> Info | None:
        """The search is ``finished``, ``failed`` or ``interrupted``: show what is left, in bounded time.

        Returns:
            ``{"uri" (without credentials), "experiment", "run_id"}``, None if the search is shown nowhere.
        """
        ...


class NullTracker:
    """Shows nothing."""

    complete = False

    def notify(self) -> None:
        pass

    def finish(self, status: str, artifacts: Sequence[Path] = ()) -> Info | None:
        return None


def start_tracker(spec: TrackingSpec, run_dir: Path, on_run: OnRun | None = None) -> Tracker:
    """The tracker that ``spec`` asks for, at work.

    Args:
        spec: which store, or none.
        run_dir: holds the journal, which exists already.
        on_run: called once, with what `Tracker.finish` returns, as soon as the search run's id is known.
            It is called inside `notify` or `finish`, so in the caller's thread.
    """
    return NullTracker() if spec.backend == "none" else MlflowTracker(spec, run_dir, on_run)


@dataclass(frozen=True)
class _Ending:
    status: str
    artifacts: tuple[Path, ...]


class MlflowTracker:
    """Projects the journal into MLflow from a thread of its own, soon after each news and every few seconds.

    Whatever goes wrong with the store is said once, tried again later, and never reaches the search.
    """

    def __init__(self, spec: TrackingSpec, run_dir: Path, on_run: OnRun | None = None) -> None:
        self._uri = resolve_uri(spec)
        self._patience = spec.patience
        self._on_run = on_run
        self._run_dir = run_dir
        self._projection = Projection(run_dir, spec)
        self._news = threading.Event()
        self._ended = threading.Event()
        self._stop = threading.Event()
        self._ending: _Ending | None = None
        self._failures = 0
        self._busy = False
        self._complete = False
        self._unsaid: str | None = None
        # A daemon: a store that hangs must not keep the process alive; being cut off anywhere is harmless.
        self._thread = threading.Thread(target=self._work, name="pnas-tracking", daemon=True)
        self._thread.start()

    @property
    def complete(self) -> bool:
        return self._complete

    def notify(self) -> None:
        self._hand_over_run_id()
        if not _is_stderr_away():
            self._say()
        self._news.set()

    def finish(self, status: str, artifacts: Sequence[Path] = ()) -> Info | None:
        self._ending = _Ending(status, tuple(artifacts))
        self._ended.set()
        self._news.set()
        self._thread.join(self._patience)
        self._stop.set()
        self._say()
        if not self._complete:
            how = f"the same command again, or task=sync from={self._run_dir}, delivers it"
            _log.warning("MLflow store %s lacks a part of this search; %s", redact(self._uri), how)
        self._hand_over_run_id()
        return self._projection.info

    def _hand_over_run_id(self) -> None:
        info = self._projection.info
        on_run = self._on_run
        if info is not None and on_run is not None:
            self._on_run = None
            on_run(info)

    def _say(self) -> None:
        """Say what went wrong, in the caller's thread and only once."""
        reason = self._unsaid
        self._unsaid = None
        if reason is not None:
            _log.warning("%s. The search goes on; MLflow gets the rest when it can", reason)

    # -- in the thread ---------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            self._news.clear()
            # Taken before the journal is read: what the search wrote before it ended is then in this pass.
            ending = self._ending
            started = time.monotonic()
            done = self._try(ending)
            if ending is None and not self._stop.is_set():
                self._rest(time.monotonic() - started)
            elif done or not self._may_come_back(ending) or self._stop.wait(_LAST_RETRIES):
                self._complete = done
                return

    def _try(self, ending: _Ending | None) -> bool:
        try:
            status, artifacts = (ending.status, ending.artifacts) if ending else (None, ())
            done = self._projection.advance(status, artifacts, self._stop.is_set)
        except Exception as error:
            if self._failures == 0:
                self._unsaid = scrub(str(error), self._uri) or type(error).__name__
            self._failures = self._failures + 1
            self._busy = isinstance(error, StoreBusy)
            return False
        self._failures = 0
        self._unsaid = None
        return done

    def _may_come_back(self, ending: _Ending | None) -> bool:
        """A store that took a part of this search, or is busy with others, may take the rest in time."""
        was_there = self._busy or self._projection.info is not None
        return was_there and ending is not None and ending.status != "interrupted"

    def _rest(self, pass_seconds: float) -> None:
        """Wait for news, after a pause that leaves the machine to the search and a failing store alone."""
        if self._failures:
            pause = min(2.0 ** min(self._failures, 10), _LONGEST_RETRY)
        else:
            pause = min(max(_PAUSE, 4 * pass_seconds), _EVERY)
        self._ended.wait(pause)
        self._news.wait(_EVERY)


def _is_stderr_away() -> bool:
    """While TensorFlow is imported its chatter goes to /dev/null, and our warning would go with it."""
    try:
        return os.path.samestat(os.fstat(2), os.stat(os.devnull))
    except OSError:
        return False
