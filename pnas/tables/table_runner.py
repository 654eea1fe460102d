"""What executors run in place of training: look the child up."""

from collections.abc import Callable
from dataclasses import dataclass

from pnas.records import ChildJob, ChildResult, Status
from pnas.seeds import derive_seed
from pnas.state_space import Cell
from pnas.tables.reward_table import Table


@dataclass(frozen=True)
class TableRunnerFactory:
    """A runner factory that answers from ``table``.

    Attributes:
        table: results by cell.
        shown: of several trainings of a cell: ``draw`` one by the child's seed, or show the ``mean``.
    """

    table: Table
    shown: str = "draw"

    def __call__(self) -> Callable[[ChildJob], ChildResult]:
        return self.answer

    def answer(self, job: ChildJob) -> ChildResult:
        """The result of ``job``. Its seconds are those that training took.

        Raises:
            InvalidValue: the table lacks its cell.
        """
        row = self.table.row(job.cell)
        reward = (
            row.mean if self.shown == "mean" else row.rewards[self._drawn(row.rewards, job.seed)]
        )
        metrics = {} if row.epochs is None else {"epochs": [row.epochs]}
        seconds = row.seconds or 0.0
        return ChildResult(
            job.cell, job.seed, Status.OK, reward, metrics, row.params, row.flops, seconds
        )

    def judge(self, cell: Cell, seed: int) -> float | None:
        """What judges the child: its test accuracy, or else its trainings that `answer` did not show."""
        row = self.table.row(cell)
        if row.test is not None or self.shown == "mean":
            return row.test
        shown = self._drawn(row.rewards, seed)
        others = [reward for i, reward in enumerate(row.rewards) if i != shown]
        return sum(others) / len(others) if others else None

    def _drawn(self, rewards: tuple[float, ...], seed: int) -> int:
        return derive_seed(seed, "training") % len(rewards)
