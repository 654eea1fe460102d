"""The report of a search that is running, made anew when its journal has changed."""

import threading
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

from pnas.records.run_directory import JOURNAL
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.run_view import RunView
from pnas.reports.html.hover_data import hover_data
from pnas.reports.html.page import render
from pnas.reports.html.search_report import REPORT, write_report

Version = tuple[tuple[int, int], ...]
"""Time of change in nanoseconds and size in bytes of each file of a journal, and the status."""

_JOURNAL_FILES = (JOURNAL, f"{JOURNAL}-wal")


class LivePage:
    """Makes the report of one run; may be asked by several threads.

    Args:
        run_dir: Run directory, which is only read.
        tasks: Names of the tasks that exist, which the advice may name.
    """

    def __init__(self, run_dir: Path, tasks: Collection[str] = ()) -> None:
        self._run_dir = run_dir
        self._tasks = tasks
        self._lock = threading.Lock()
        self._made_of: tuple[Version, str] | None = None
        self._html = ""

    def status(self) -> str:
        """Return whether the search is running, interrupted, finished or failed."""
        return read_run(self._run_dir).status

    def html(self) -> str:
        """Return the report as of now, or a page that waits for the first child."""
        with self._lock:
            # Before the journal is read: what is stored meanwhile makes the next page a new one.
            version = self._version()
            view = read_run(self._run_dir)
            made_of = (version, view.status)
            if made_of != self._made_of:
                self._html = self._render(view)
                self._made_of = made_of
            return self._html

    def _version(self) -> Version:
        version = []
        for name in _JOURNAL_FILES:
            path = self._run_dir / name
            if not path.exists():
                continue
            facts = path.stat()
            # Whoever reads a journal leaves an empty log beside it, which is no change.
            if facts.st_size:
                version.append((facts.st_mtime_ns, facts.st_size))
        return tuple(version)

    def _render(self, view: RunView) -> str:
        if not view.has_results:
            values = {"title": view.name, "status": view.status, "data": hover_data([])}
            return render("waiting.html.j2", values)
        with TemporaryDirectory() as folder:
            path = write_report([view], Path(folder) / REPORT, self._tasks)
            return path.read_text("utf-8")
