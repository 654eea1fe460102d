"""How a training ends: finished, failed or interrupted, its files and its tracker are in order."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from pnas.config import Settings
from pnas.errors import PnasError
from pnas.records import Journal
from pnas.records.run_directory import FILES_COMPLETE, TRAINING
from pnas.records.training_journal import STAGE, test_facts, write_training
from pnas.records.training_record import CHECKPOINT, MEMBERS
from pnas.runs.command_context import Context
from pnas.system.console import print_line
from pnas.tracking import Tracker, start_tracker


class TrainingEnding:
    """Context of running trainings: whatever ends them, what is known is written down.

    Args:
        context: The command around the task.
        journal: Journal of the run.
        tracker: Tracker of the run.

    Attributes:
        test_accuracies: Test accuracy of each training, by its key; set before the block ends.
    """

    def __init__(self, context: Context, journal: Journal, tracker: Tracker) -> None:
        self._context = context
        self._journal = journal
        self._tracker = tracker
        self._seconds_before = journal.meta("search_seconds") or 0.0
        self._started = time.monotonic()
        self.test_accuracies: Mapping[str, float] = {}

    def __enter__(self) -> "TrainingEnding":
        self._journal.set_meta(status="running", tracked=False, **{FILES_COMPLETE: False})
        remove_spent_checkpoints(self._context.run_dir, self._journal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish()
        elif issubclass(kind, KeyboardInterrupt):
            self.count_time()
            self._write("interrupted")
            print_line(self._context.console, "stopped; the same command continues")
        else:
            self._write_what_can_be_written()

    def count_time(self) -> None:
        """Store how long the commands of this run have taken together."""
        elapsed = time.monotonic() - self._started
        self._journal.set_meta(search_seconds=self._seconds_before + elapsed)

    def _finish(self) -> None:
        """Store the test accuracies and that all is over in one step, then write everything."""
        self.count_time()
        self._journal.close_stage(STAGE, None)
        facts = test_facts(self._journal, self.test_accuracies)
        self._journal.set_meta(**facts, status="finished")
        self._write("finished")

    def _write_what_can_be_written(self) -> None:
        # The failure may be that nothing can be written any more; the first error is reported.
        with suppress(PnasError, OSError):
            self.count_time()
            self._journal.set_meta(status="failed")
        run_dir = self._context.run_dir
        with suppress(PnasError, OSError):
            write_training(run_dir, self._journal)
        with suppress(PnasError, OSError):
            finish_tracking(run_dir, self._journal, self._tracker, "failed")

    def _write(self, status: str) -> None:
        write_training(self._context.run_dir, self._journal)
        finish_tracking(self._context.run_dir, self._journal, self._tracker, status)
        self._journal.set_meta(**{FILES_COMPLETE: status == "finished"})


def finish_tracking(run_dir: Path, journal: Journal, tracker: Tracker, status: str) -> None:
    """Show what is left of the trainings, and note whether the store has all of it.

    Args:
        run_dir: Run directory.
        journal: Its journal.
        tracker: Tracker of the run.
        status: How the command ended.
    """
    info = tracker.finish(status, [run_dir / TRAINING])
    if info is not None:
        journal.set_meta(tracking=info, tracked=tracker.complete and status == "finished")
        write_training(run_dir, journal)


def complete_finished_training(settings: Settings, context: Context, journal: Journal) -> None:
    """Make what an earlier command did not get to after its trainings had finished.

    The process may have been killed before it wrote its files, or the store may have been away.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        journal: Journal of the finished run.
    """
    run_dir = context.run_dir
    has_files = bool(journal.meta(FILES_COMPLETE))
    if not has_files:
        remove_spent_checkpoints(run_dir, journal)
        write_training(run_dir, journal)
    if not journal.meta("tracked"):
        tracker = start_tracker(settings.tracking, run_dir)
        finish_tracking(run_dir, journal, tracker, "finished")
    if not has_files:
        journal.set_meta(**{FILES_COMPLETE: True})


def remove_spent_checkpoints(run_dir: Path, journal: Journal) -> None:
    """Remove the checkpoints of trainings that have ended, which nothing reads any more.

    A kill may have come between the record of the end and the removal.
    """
    for child in journal.children():
        if child.ended_at is not None:
            (run_dir / MEMBERS / child.key / CHECKPOINT).unlink(missing_ok=True)
