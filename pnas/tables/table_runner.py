"""The runner that executors use in place of training: it looks children up in a table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from pnas.errors import require
from pnas.records import ChildJob, ChildResult, Status
from pnas.records.child_records import SHORT_REWARD
from pnas.records.stopped_training import as_stopped
from pnas.records.training_curve import trained_epochs
from pnas.seeds import derive_seed
from pnas.state_space import Cell
from pnas.tables.reward_table import Row, Table
from pnas.tables.table_key import KEY


@dataclass(frozen=True)
class TableRunnerFactory:
    """A runner factory that answers from a table.

    Attributes:
        table: Results by cell.
        shown: Which of several trainings of a cell is its reward: ``draw`` samples one by the
            child's seed, and further ones without replacement, until all have been shown; ``mean``
            takes the mean of all.
        shows_curves: Whether a child has the learning curve of its training, by which it may be
            stopped early. The table must have them.
    """

    table: Table
    shown: str = "draw"
    shows_curves: bool = False

    def __call__(self) -> Callable[[ChildJob], ChildResult]:
        return self.answer

    def answer(self, job: ChildJob) -> ChildResult:
        """Return the result of ``job``, whose seconds are those that its training took.

        Raises:
            InvalidValue: The table lacks its cell.
        """
        row = self.table.row(job.cell)
        if job.epochs is not None:
            return _short_result(row, job, job.epochs)
        metrics = {} if row.epochs is None else {"epochs": [row.epochs]}
        for name, value in row.further.items():
            metrics[name] = [value]
        if self.shows_curves:
            metrics |= row.curves[_shown_training(row, job)].as_metrics()
        whole = ChildResult(
            cell=job.cell,
            seed=job.seed,
            status=Status.OK,
            reward=self._reward(row, job),
            metrics=metrics,
            params=row.params,
            flops=row.flops,
            seconds=row.seconds or 0.0,
        )
        return _as_answered(as_stopped(whole, job.stop_rule))

    def judge(self, cell: Cell, first_seed: int, repeats: Iterable[int] = (1,)) -> float | None:
        """Return the accuracy that judges a cell; None if the table has none.

        It is the test accuracy, or else the mean of the trainings that `answer` did not show.

        Args:
            cell: The cell.
            first_seed: Seed of its first training.
            repeats: Which trainings of the cell were shown, from 1.

        Raises:
            InvalidValue: The table lacks the cell.
        """
        row = self.table.row(cell)
        if row.test is not None or self.shown == "mean":
            return row.test

        order = _order_of_trainings(row, first_seed)
        shown = {order[(repeat - 1) % len(order)] for repeat in repeats}
        others = [reward for index, reward in enumerate(row.rewards) if index not in shown]
        if not others:
            return None
        return sum(others) / len(others)

    def _reward(self, row: Row, job: ChildJob) -> float:
        if self.shown == "mean":
            return row.mean
        return row.rewards[_shown_training(row, job)]


def _as_answered(result: ChildResult) -> ChildResult:
    """Return ``result`` with the epochs that it states, if its training was stopped early."""
    if result.status is not Status.STOPPED:
        return result
    epochs = float(trained_epochs(result.metrics))
    return replace(result, metrics={**result.metrics, "epochs": [epochs]})


def _short_result(row: Row, job: ChildJob, epochs: int) -> ChildResult:
    """Return the result of a short training; which of several depends on the seed of ``job``."""
    trainings = row.shorter.get(epochs, ())
    rule = f"must hold trainings of {epochs} epochs of every cell"
    require(bool(trainings), KEY, rule, str(job.cell))
    shown = trainings[derive_seed(job.seed, "training") % len(trainings)]
    metrics = {SHORT_REWARD: [shown.reward], "epochs": [float(epochs)]}
    if shown.loss is not None:
        metrics["loss"] = [shown.loss]
    seconds = row.seconds or 0.0
    if row.epochs:
        seconds *= epochs / row.epochs
    return ChildResult(
        cell=job.cell,
        seed=job.seed,
        status=Status.OK,
        metrics=metrics,
        params=row.params,
        flops=row.flops,
        seconds=seconds,
    )


def _shown_training(row: Row, job: ChildJob) -> int:
    """Return the index of the training that ``job`` shows."""
    first_seed = job.seed if job.first_seed is None else job.first_seed
    order = _order_of_trainings(row, first_seed)
    return order[(job.repeat - 1) % len(order)]


def _order_of_trainings(row: Row, first_seed: int) -> list[int]:
    """Return the indices of the trainings of a cell in the order in which a search sees them."""
    first = derive_seed(first_seed, "training") % len(row.rewards)
    others = [index for index in range(len(row.rewards)) if index != first]
    generator = np.random.default_rng(derive_seed(first_seed, "further trainings"))
    return [first, *generator.permutation(others).tolist()]
