"""How a run ends: whatever ends it, its status, its files and its tracker are in order.

The journal says that a run is over before its files are derived from it, and that the files are
complete after they are. What a kill came in between of is made by the next command.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from pnas.config import Settings
from pnas.errors import PnasError
from pnas.records import Journal
from pnas.records.run_directory import FILES_COMPLETE
from pnas.runs.command_context import Context
from pnas.system.console import print_line
from pnas.tracking import Tracker, start_tracker


class DerivedFiles(Protocol):
    """What a kind of run leaves beside its journal, all of it derived from that."""

    run_dir: Path

    def write_record(self) -> None:
        """Write the files that say what was found, such as summary.json."""
        ...

    def write(self, status: str) -> None:
        """Write all files of a run with this status."""
        ...

    def artifacts(self) -> Sequence[Path]:
        """Return the files that the tracker keeps with the run."""
        ...


class RunEnding(ABC):
    """Context of a run that goes on: whatever ends it, what is known is written down.

    Args:
        context: The command around the task.
        journal: Journal of the run.
        tracker: Tracker of the run.
        files: Files of the run.
    """

    def __init__(
        self, context: Context, journal: Journal, tracker: Tracker, files: DerivedFiles
    ) -> None:
        self._context = context
        self._journal = journal
        self._tracker = tracker
        self._files = files

    @abstractmethod
    def count_time(self) -> None:
        """Store how long the commands of this run have taken together."""

    @abstractmethod
    def _finish(self) -> None:
        """Store what is found at the end, the time of it, and that the run is finished."""

    @abstractmethod
    def _how_to_continue(self) -> str:
        """Return the line that is printed after Ctrl-C."""

    def __enter__(self) -> Self:
        self._journal.set_meta(status="running", tracked=False, **{FILES_COMPLETE: False})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish()
            self._leave("finished")
        elif issubclass(kind, KeyboardInterrupt):
            self.count_time()
            self._leave("interrupted")
            print_line(self._context.console, self._how_to_continue())
        else:
            self._leave_what_can_be_written()

    def _leave(self, status: str) -> None:
        self._files.write(status)
        finish_tracking(self._files, self._journal, self._tracker, status)
        self._journal.set_meta(**{FILES_COMPLETE: status == "finished"})

    def _leave_what_can_be_written(self) -> None:
        # The failure may be that nothing can be written any more; the first error is reported.
        with suppress(PnasError, OSError):
            self.count_time()
            self._journal.set_meta(status="failed")
        with suppress(PnasError, OSError):
            self._files.write_record()
        with suppress(PnasError, OSError):
            finish_tracking(self._files, self._journal, self._tracker, "failed")


def with_name(context: Context, journal: Journal) -> str:
    """Return what the same command needs besides, such as `` with name=demo``, to find its run.

    A name that was not typed is the time at which a command starts.
    """
    name = str(journal.meta("name"))
    has_default_name = "name" not in context.typed and context.run_dir.name == name
    return f" with name={name}" if has_default_name and context.sweep is None else ""


def finish_tracking(files: DerivedFiles, journal: Journal, tracker: Tracker, status: str) -> None:
    """Show what is left of the run, and note whether the store has all of it.

    Args:
        files: Files of the run.
        journal: Its journal.
        tracker: Its tracker.
        status: How the run ended.
    """
    info = tracker.finish(status, files.artifacts())
    if info is not None:
        journal.set_meta(tracking=info, tracked=tracker.complete and status == "finished")
        files.write_record()


def complete_finished_run(files: DerivedFiles, journal: Journal, settings: Settings) -> None:
    """Make what an earlier command did not get to after its run had finished.

    The process may have been killed before it wrote its files, or the store may have been away.

    Args:
        files: Files of the run.
        journal: Journal of the finished run.
        settings: Settings of this command.
    """
    has_files = bool(journal.meta(FILES_COMPLETE))
    if not has_files:
        files.write("finished")
    if not journal.meta("tracked"):
        tracker = start_tracker(settings.tracking, files.run_dir)
        finish_tracking(files, journal, tracker, "finished")
    if not has_files:
        journal.set_meta(**{FILES_COMPLETE: True})
