"""The short trainings that a search keeps so that longer ones of the same cells go on from them.

They lie in ``rungs/`` of the run directory, a file a cell. A file stays as long as its cell may go
on, so that there are never more than the cells of the stages in progress.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pnas.children import SearchTrainerSpec
from pnas.children.child_trainer import beginning
from pnas.children.trainer_specs import ENDLESS_SCHEDULES
from pnas.config import Settings
from pnas.errors import require
from pnas.records import ChildRecord, Journal, Status
from pnas.records.cell_trainings import is_repeated, is_short
from pnas.search.budget import STOPPED_BY
from pnas.search.observer import Observer
from pnas.search.rung_ladder import make_ladder
from pnas.search.weight_recovery import kept_training_path


def check_continued(settings: Settings) -> None:
    """Check that short trainings can be continued where ``search.rung_training`` says so.

    Raises:
        InvalidValue: The learning rates of ``trainer.schedule`` depend on the last epoch.
    """
    schedule = settings.trainer.schedule
    rule = (
        f"must be anew with trainer.schedule={schedule}, whose learning rates depend on the number "
        "of epochs; trainer.schedule=wsd can be continued"
    )
    if not settings.search.continues_trainings:
        return
    key = "search.rung_training"
    require(schedule in ENDLESS_SCHEDULES, key, rule, settings.search.rung_training)
    rule = "must be anew where no rung has an epoch before its final decay: all begin from scratch"
    require(any(kept_epochs(settings).values()), key, rule, settings.search.rung_training)


def kept_epochs(settings: Settings) -> dict[int, int]:
    """Return how many epochs each rung keeps for longer trainings, by its epochs."""
    trainer: SearchTrainerSpec = settings.trainer
    ladder = make_ladder(settings.search.rungs, trainer.epochs)
    return {epochs: beginning(trainer, epochs).stable_epochs for epochs in ladder.short}


def continued_epochs(settings: Settings) -> dict[int, int]:
    """Return the same where short trainings are continued; nothing where each begins anew."""
    return kept_epochs(settings) if settings.search.continues_trainings else {}


def kept_shares(settings: Settings) -> list[float]:
    """Return what each rung keeps, as a share of a whole training."""
    return [kept / settings.trainer.epochs for kept in kept_epochs(settings).values()]


class KeptTrainings(Observer):
    """An observer that removes the files of cells that are out.

    Args:
        directory: Directory of the files; it is made.
        journal: Journal of the search.

    Attributes:
        directory: See above.
    """

    def __init__(self, directory: Path, journal: Journal) -> None:
        self.directory = directory
        self._journal = journal
        directory.mkdir(exist_ok=True)

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Remove all files but those of the cells of a stage of the search itself.

        Cells that are not among them have not been promoted, or have been trained whole.
        """
        if any(is_repeated(child) for child in children):
            # What a budget has left open goes on after the confirmation, with a larger budget.
            return
        in_progress = [child for child in children if _may_go_on(child)]
        needed = {kept_training_path(self.directory, child.key) for child in in_progress}
        for path in self.directory.iterdir():
            # Drafts of a worker that was killed are among them.
            if path not in needed:
                with suppress(OSError):
                    path.unlink()

    def child_ended(self, child: ChildRecord) -> None:
        """Remove the file of a cell that was trained whole, or failed."""
        if not is_repeated(child) and not _may_go_on(child):
            kept_training_path(self.directory, child.key).unlink(missing_ok=True)

    def end(self) -> None:
        """Remove the directory, unless a larger budget could continue what is in it."""
        if self._journal.meta(STOPPED_BY) is not None:
            return
        # What others put there, or a file that cannot be removed, is no reason to fail.
        with suppress(OSError):
            for path in self.directory.iterdir():
                path.unlink(missing_ok=True)
            self.directory.rmdir()


def _may_go_on(child: ChildRecord) -> bool:
    """Whether a training of the cell of ``child`` is still to come, as far as is known."""
    if child.status is Status.CHOSEN:
        return True
    return child.status is Status.OK and is_short(child)
