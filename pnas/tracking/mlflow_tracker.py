"""The tracker that shows a search in MLflow, from a thread of its own."""

import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pnas.system.redaction import redact, scrub
from pnas.tracking.mlflow_process import StoreBusy
from pnas.tracking.projection import Info, Projection
from pnas.tracking.store_address import sqlite_path
from pnas.tracking.store_database import bytes_written
from pnas.tracking.tracker import OnRun
from pnas.tracking.tracking_specs import MlflowSpec, resolve_uri

_log = logging.getLogger(__name__)

_SECONDS_BETWEEN_PASSES = 5.0
_SHORTEST_PAUSE = 1.0
_SHARE_OF_PAUSES = 4.0
"""A pass is followed by a pause of so many times its length, to leave the machine to the search."""

_LONGEST_RETRY_PAUSE = 60.0
_LAST_RETRIES_PAUSE = 2.0

_LONGEST_WAIT_IN_PATIENCES = 10.0
"""The end of a search waits at most so many times ``tracking.patience`` for a slow store that makes
progress."""

_SECONDS_BETWEEN_LOOKS = 0.25


@dataclass(frozen=True)
class _Ending:
    """How the search ended: its status, and more files to keep."""

    status: str
    artifacts: tuple[Path, ...]


class MlflowTracker:
    """Projects the journal into MLflow soon after each news and every few seconds.

    Whatever goes wrong with the store is logged once, tried again later, and never reaches the
    search.
    """

    def __init__(self, spec: MlflowSpec, run_dir: Path, on_run: OnRun | None = None) -> None:
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
        self._is_busy = False
        self._complete = False
        self._unlogged_reason: str | None = None
        # A daemon: a store that hangs must not keep the process alive. Being cut off is harmless.
        self._thread = threading.Thread(target=self._work, name="pnas-tracking", daemon=True)
        self._thread.start()

    @property
    def complete(self) -> bool:
        """Whether, after `finish`, the store holds all of the search."""
        return self._complete

    def notify(self) -> None:
        """Note that the journal has news. Returns at once."""
        self._hand_over_run()
        if not _is_stderr_discarded():
            self._log_reason()
        self._news.set()

    def finish(self, status: str, artifacts: Sequence[Path] = ()) -> Info | None:
        """Show what is left, as long as the store makes progress.

        Args:
            status: How the search ended: ``finished``, ``failed`` or ``interrupted``.
            artifacts: More files to keep with the search run.

        Returns:
            Where the search is shown; None if the store could not be reached.
        """
        self._ending = _Ending(status, tuple(artifacts))
        self._ended.set()
        self._news.set()
        self._wait_for_last_pass()
        self._stop.set()

        self._log_reason()
        if not self._complete:
            _log.warning(
                "MLflow store %s lacks a part of this %s; the same command again, or "
                "task=sync from=%s, delivers it",
                redact(self._uri),
                self._projection.subject,
                self._run_dir,
            )
        self._hand_over_run()
        return self._projection.info

    def _wait_for_last_pass(self) -> None:
        """Wait for the thread; longer for a store that makes progress than for one that stands."""
        started = time.monotonic()
        latest = started + self._patience * _LONGEST_WAIT_IN_PATIENCES
        deadline = started + self._patience
        progress = self._progress()
        while self._thread.is_alive() and time.monotonic() < min(deadline, latest):
            self._thread.join(min(_SECONDS_BETWEEN_LOOKS, self._patience))
            if self._progress() != progress:
                progress = self._progress()
                deadline = time.monotonic() + self._patience

    def _progress(self) -> tuple[int, int, int]:
        """Return what changes as long as a pass gets on, however slowly."""
        database = sqlite_path(self._uri)
        written = 0 if database is None else bytes_written(database)
        # Importing MLflow alone takes a minute on a slow machine.
        return self._projection.changes.total(), written, len(sys.modules)

    def _hand_over_run(self) -> None:
        info = self._projection.info
        on_run = self._on_run
        if info is not None and on_run is not None:
            self._on_run = None
            on_run(info)

    def _log_reason(self) -> None:
        """Log what went wrong, in the caller's thread and only once."""
        reason = self._unlogged_reason
        self._unlogged_reason = None
        if reason is not None:
            subject = self._projection.subject
            _log.warning("%s. The %s goes on; MLflow gets the rest when it can", reason, subject)

    # -- in the thread -------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            self._news.clear()
            # Taken before the journal is read: this pass has what the search wrote before it ended.
            ending = self._ending
            started = time.monotonic()
            is_done = self._try(ending)
            if ending is None and not self._stop.is_set():
                self._rest(time.monotonic() - started)
                continue

            is_over = is_done or not self._may_come_back(ending)
            if is_over or self._stop.wait(_LAST_RETRIES_PAUSE):
                self._complete = is_done
                return

    def _try(self, ending: _Ending | None) -> bool:
        """Make one pass; whether everything was written."""
        status = None if ending is None else ending.status
        artifacts = () if ending is None else ending.artifacts
        try:
            is_done = self._projection.advance(status, artifacts, self._stop.is_set)
        except Exception as error:
            self._note_failure(error)
            return False
        self._failures = 0
        self._unlogged_reason = None
        return is_done

    def _note_failure(self, error: Exception) -> None:
        if self._failures == 0:
            self._unlogged_reason = scrub(str(error), self._uri) or type(error).__name__
        self._failures += 1
        self._is_busy = isinstance(error, StoreBusy)

    def _may_come_back(self, ending: _Ending | None) -> bool:
        """Whether the store may take the rest in time.

        One that took a part of this search, or is busy with others, may; after an interruption
        nobody waits for it.
        """
        was_there = self._is_busy or self._projection.info is not None
        return was_there and ending is not None and ending.status != "interrupted"

    def _rest(self, seconds_of_pass: float) -> None:
        """Wait for news, after a pause that leaves a failing store alone and spares the machine."""
        if self._failures:
            pause = min(2.0 ** min(self._failures, 10), _LONGEST_RETRY_PAUSE)
        else:
            pause = max(_SHORTEST_PAUSE, _SHARE_OF_PAUSES * seconds_of_pass)
            pause = min(pause, _SECONDS_BETWEEN_PASSES)
        self._ended.wait(pause)
        self._news.wait(_SECONDS_BETWEEN_PASSES)


def _is_stderr_discarded() -> bool:
    """Whether stderr is /dev/null, where a warning would be lost.

    That is so while TensorFlow is imported, to keep its messages from the terminal.
    """
    try:
        return os.path.samestat(os.fstat(2), os.stat(os.devnull))
    except OSError:
        return False
