"""The trainings of one command: each member from its checkpoint to its end, then the test."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from pnas.children import TrainerSpec, final_trainer
from pnas.children.child_failure import ChildFailure, is_out_of_memory
from pnas.children.final_training.checkpoint import Progress
from pnas.children.tensorflow_runtime import configure_runtime, release_memory
from pnas.config import Settings
from pnas.data import Parts, open_parts, refuse_damaged
from pnas.errors import PnasError
from pnas.records import ChildJob, ChildRecord, ChildResult, Journal, Status
from pnas.records.training_history import as_columns, write_history
from pnas.records.training_journal import network_size, reward_of, write_training
from pnas.records.training_record import CHECKPOINT, HISTORY, MEMBER_WEIGHTS, MEMBERS
from pnas.runs.command_context import Context
from pnas.runs.training_directory import note_data
from pnas.system.console import print_line
from pnas.tracking import Tracker, start_tracker
from pnas.training.training_ending import TrainingEnding


class TrainingFailed(PnasError):
    """No training came to its end."""

    exit_code = 1


def train_members(settings: Settings, context: Context, journal: Journal) -> None:
    """Train what is not over yet; then read the test part, once.

    Args:
        settings: Settings of the command, with data and network of the cells.
        context: The command around the task.
        journal: Journal of the run, open for writing.

    Raises:
        InvalidValue: The data are others than those that the run was started on.
        TrainingFailed: No training came to its end, or one ran out of memory.
    """
    print_line(context.console, "importing TensorFlow")
    configure_runtime(settings.trainer)
    data = open_parts(settings.data)
    if journal.meta("data_fingerprint") is None:
        # A training that continues has read its images before.
        refuse_damaged(data)
    note_data(journal, data)

    def note_run(info: dict[str, str]) -> None:
        journal.set_meta(tracking=info)

    tracker = start_tracker(settings.tracking, context.run_dir, note_run)
    with TrainingEnding(context, journal, tracker) as ending:
        members = _Members(settings, context, journal, data, tracker, ending.count_time)
        members.train()
        ending.test_accuracies = members.test()


class _Members:
    """The trainings of one run.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        journal: Journal of the run.
        data: Data to train on.
        tracker: Tracker of the run.
        count_time: Stores how long the run has taken.
    """

    def __init__(
        self,
        settings: Settings,
        context: Context,
        journal: Journal,
        data: Parts,
        tracker: Tracker,
        count_time: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._context = context
        self._journal = journal
        self._data = data
        self._tracker = tracker
        self._count_time = count_time

    def train(self) -> None:
        """Train those that have not ended; one that fails leaves the others alone."""
        has_val_in_train = self._settings.task.train_on == "train+val"
        data = self._data.with_val_in_train() if has_val_in_train else self._data
        waiting = [child for child in self._journal.children() if child.status is Status.CHOSEN]
        for number, child in enumerate(waiting):
            if number:
                # Keras and TensorFlow keep what they know of each model.
                release_memory()
            self._train(child, data)
        children = self._journal.children()
        if not any(child.status is Status.OK for child in children):
            raise TrainingFailed(f"no training came to its end; the last one: {children[-1].error}")

    def test(self) -> dict[str, float]:
        """Return the test accuracy of each training that came to its end; none without a test."""
        from pnas.children.final_training.evaluation import load_child, measure

        accuracies: dict[str, float] = {}
        data = self._data
        if data.test is None:
            return accuracies
        microbatches = self._settings.trainer.accumulate
        for child in self._journal.children():
            if child.status is Status.OK:
                model = load_child(
                    child.cell,
                    self._settings.child,
                    data.image_shape,
                    data.num_classes,
                    self._folder(child.key),
                )
                _, accuracy = measure(model, data.test, microbatches)
                accuracies[child.key] = accuracy
        return accuracies

    def _train(self, child: ChildRecord, data: Parts) -> None:
        """Train one member, and store how it ended before anything else is derived from that."""
        folder = self._folder(child.key)
        folder.mkdir(parents=True, exist_ok=True)
        self._journal.start_child(child.key, f"process {os.getpid()}")
        try:
            progress = self._run(child, data, folder)
        except ChildFailure as error:
            result = self._failed(child, error)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise TrainingFailed(_out_of_memory(self._settings.trainer)) from error
        else:
            result = self._finished(child, progress)
        self._journal.end_child(child.key, result)
        (folder / CHECKPOINT).unlink(missing_ok=True)
        write_training(self._context.run_dir, self._journal)
        self._tracker.notify()

    def _run(self, child: ChildRecord, data: Parts, folder: Path) -> Progress:
        from pnas.children.final_training.long_training import FinalJob, train_final

        validates = self._settings.task.train_on == "train"
        job = FinalJob(
            cell=child.cell,
            network=self._settings.child,
            trainer=final_trainer(self._settings.trainer),
            seed=child.seed,
            validates=validates,
        )

        def note_epoch(progress: Progress) -> None:
            self._note_epoch(child.key, progress)

        return train_final(job, data, folder / CHECKPOINT, folder / MEMBER_WEIGHTS, note_epoch)

    def _note_epoch(self, key: str, progress: Progress) -> None:
        """Store the epochs so far, and show them."""
        self._journal.set_metrics(key, as_columns(progress.epochs))
        write_history(self._folder(key) / HISTORY, progress.epochs)
        _print_epoch(self._context.console, key, progress)
        self._count_time()
        self._tracker.notify()

    def _finished(self, child: ChildRecord, progress: Progress) -> ChildResult:
        metrics = as_columns(progress.epochs)
        result = ChildResult(
            cell=child.cell,
            seed=child.seed,
            status=Status.OK,
            reward=reward_of(metrics, self._settings.as_dict()),
        )
        return self._with_facts(result, child, metrics)

    def _failed(self, child: ChildRecord, error: ChildFailure) -> ChildResult:
        result = ChildResult.failed(ChildJob(child.cell, child.seed), str(error))
        # Of the epochs before its failure the record keeps what is known.
        return self._with_facts(result, child, self._journal.child(child.key).metrics)

    def _with_facts(
        self, result: ChildResult, child: ChildRecord, metrics: dict[str, list[float]]
    ) -> ChildResult:
        params, flops = network_size(self._journal, child.key)
        seconds = sum(metrics.get("seconds", ()))
        return replace(result, metrics=metrics, params=params, flops=flops, seconds=seconds)

    def _folder(self, key: str) -> Path:
        return self._context.run_dir / MEMBERS / key


def _out_of_memory(trainer: TrainerSpec) -> str:
    """Return what is printed of a training that memory was not enough for, and what needs less."""
    batchsize = trainer.batchsize
    counts = range(2 * trainer.accumulate, batchsize + 1)
    more = next((count for count in counts if batchsize % count == 0), None)
    key = "a smaller trainer.batchsize" if more is None else f"trainer.accumulate={more}"
    return f"out of memory: the same command with {key} and another name needs less"


def _print_epoch(console: Console, key: str, progress: Progress) -> None:
    values = progress.epochs[-1]
    shown = " ".join(
        f"{name} {values[name]:.4f}"
        for name in ("loss", "accuracy", "val_accuracy")
        if name in values
    )
    line = f"{key} epoch {len(progress.epochs)}: {shown} ({values['seconds']:.1f} s)"
    print_line(console, line)
