"""How a training ends: its test accuracies are stored and its files written."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from pnas.records import Journal
from pnas.records.run_directory import TRAINING
from pnas.records.training_journal import STAGE, test_facts, write_training
from pnas.records.training_record import CHECKPOINT, MEMBERS
from pnas.runs.command_context import Context
from pnas.runs.run_ending import RunEnding, with_name
from pnas.tracking import Tracker


class TrainingFiles:
    """training.json and histories of a `task=train`; see `pnas.runs.run_ending.DerivedFiles`.

    Args:
        run_dir: Run directory.
        journal: Its journal.
    """

    def __init__(self, run_dir: Path, journal: Journal) -> None:
        self.run_dir = run_dir
        self._journal = journal

    def write_record(self) -> None:
        """Write training.json and every history.csv."""
        write_training(self.run_dir, self._journal)

    def write(self, status: str) -> None:
        """Write them, and remove checkpoints that nothing reads any more."""
        self.remove_spent_checkpoints()
        self.write_record()

    def artifacts(self) -> Sequence[Path]:
        """Return training.json."""
        return [self.run_dir / TRAINING]

    def remove_spent_checkpoints(self) -> None:
        """Remove the checkpoints of trainings that have ended.

        A kill may have come between the record of the end and the removal.
        """
        for child in self._journal.children():
            if child.ended_at is not None:
                path = self.run_dir / MEMBERS / child.key / CHECKPOINT
                path.unlink(missing_ok=True)


class TrainingEnding(RunEnding):
    """Context of running trainings.

    Args:
        context: The command around the task.
        journal: Journal of the run.
        tracker: Tracker of the run.

    Attributes:
        test_accuracies: Test accuracy of each training, by its key; set before the block ends.
    """

    def __init__(self, context: Context, journal: Journal, tracker: Tracker) -> None:
        self._training_files = TrainingFiles(context.run_dir, journal)
        super().__init__(context, journal, tracker, self._training_files)
        self._seconds_before = journal.meta("search_seconds") or 0.0
        self._started = time.monotonic()
        self.test_accuracies: Mapping[str, float] = {}

    def __enter__(self) -> Self:
        super().__enter__()
        self._training_files.remove_spent_checkpoints()
        return self

    def count_time(self) -> None:
        """See `RunEnding.count_time`."""
        elapsed = time.monotonic() - self._started
        self._journal.set_meta(search_seconds=self._seconds_before + elapsed)

    def _finish(self) -> None:
        """Store the test accuracies and that all is over in one step."""
        self.count_time()
        self._journal.close_stage(STAGE, None)
        facts = test_facts(self._journal, self.test_accuracies)
        self._journal.set_meta(**facts, status="finished")

    def _how_to_continue(self) -> str:
        same = f"the same command{with_name(self._context, self._journal)}"
        return f"stopped; {same} continues"
