"""The asynchronous search loop: a cell is chosen whenever a worker is idle.

It begins with the stages that its strategy proposes whole, each of which awaits the former. From
the last of them on nothing is awaited: an idle worker gets a cell that is chosen by the results
that have arrived, and by what is expected of the cells in training (`OneByOne`).

A search that continues trains what was chosen and has no result, and then chooses by the same
history as if it had never stopped.
"""

from typing import Any

from pnas.errors import require
from pnas.execution import as_lazy
from pnas.records import ChildRecord, StageRecord
from pnas.search.asynchronous.arrivals import Arrivals
from pnas.search.asynchronous.one_by_one import OneByOne
from pnas.search.asynchronous.open_stages import OpenStages
from pnas.search.history import own_stages, read_history
from pnas.search.loop import SearchLoop
from pnas.search.strategies.base import AsynchronousStrategy, SearchHistory, Strategy
from pnas.search.training_stage import TrainingStage


class AsynchronousLoop(SearchLoop):
    """Runs one search without waiting where nothing has to be awaited.

    Args:
        whole_stages: Number of stages that the strategy proposes whole.
        parts: See `SearchLoop`. The executor must be a `LazyExecutor`.

    Raises:
        InvalidValue: It is none.
    """

    def __init__(self, *, whole_stages: int, **parts: Any) -> None:
        super().__init__(**parts)
        as_lazy(self._training.executor)
        self._num_whole = whole_stages
        self._announced: set[int] = set()

    def run(self) -> None:
        """Search to the end, or as far as the budget goes; see `SearchLoop.run`."""
        strategy = self._take_up()
        rule = "must be false with a strategy that cannot choose one cell after the other"
        is_able = isinstance(strategy, AsynchronousStrategy)
        require(is_able, "search.asynchronous", rule, True)
        assert isinstance(strategy, AsynchronousStrategy)
        if self._run_whole_stages(strategy):
            stopped_by = self._one_by_one(strategy).run()
            self._journal.set_meta(**{self._stopped_by: stopped_by})

    # -- where an earlier command stopped ----------------------------------------------------------

    def _take_up(self) -> Strategy:
        self._journal.set_meta(**{self._stopped_by: None})
        for stage in self._own_stages():
            self._journal.reopen_unfinished_stage(stage.b)
        if self._spec.retry_failed:
            for stage in self._own_stages():
                if stage.closed_at is None:
                    self._journal.reopen_failed(stage.b, self._trainer.measured)
        self._budget.recount()
        self._num_stages = max((stage.b for stage in self._journal.stages()), default=0)
        return self._make_strategy(self._read_history())

    def _own_stages(self) -> list[StageRecord]:
        return own_stages(self._journal, self._owns)

    def _read_history(self) -> SearchHistory:
        if len(self._own_stages()) < self._num_whole:
            return read_history(self._journal, self._policy, self._owns)
        return self._read_arrivals().history

    def _read_arrivals(self) -> Arrivals:
        stages = [self._journal.children(stage.b) for stage in self._own_stages()]
        single: list[ChildRecord] = []
        for stage in stages[self._num_whole :]:
            single.extend(stage)
        return Arrivals(self._spec.failed_reward, stages[: self._num_whole], single)

    # -- stages that are proposed whole ------------------------------------------------------------

    def _run_whole_stages(self, strategy: Strategy) -> bool:
        """Run them; the last is only opened. Return whether the search goes on from there."""
        while len(self._own_stages()) < self._num_whole:
            stage = self._open_stage() or self._propose(strategy)
            if stage is None:
                return False
            if len(self._own_stages()) == self._num_whole:
                return True
            self._trainer.train(stage)
            if stage.is_cut_short:
                self._end_early(strategy, stage)
                return False
            self._learn(strategy, stage)
        return True

    def _announce(self, number: int) -> TrainingStage:
        self._announced.add(number)
        return super()._announce(number)

    # -- from there on -----------------------------------------------------------------------------

    def _one_by_one(self, strategy: AsynchronousStrategy) -> OneByOne:
        """Return what trains on from where the journal stands."""
        open_stages = self._read_open_stages()
        for stage in open_stages.stages:
            self._trainer.stop_if_most_failed(stage, open_stages.planned_size(stage))
            if stage.number not in self._announced:
                self._announce(stage.number)
        return OneByOne(
            strategy=strategy,
            arrivals=self._read_arrivals(),
            open_stages=open_stages,
            training=self._training,
            trainer=self._trainer,
            journal=self._journal,
            budget=self._budget,
            spec=self._spec,
            identify=self._identify,
        )

    def _read_open_stages(self) -> OpenStages:
        records = self._own_stages()
        opened = [record.b for record in records if record.closed_at is None]
        is_last_whole = len(records) <= self._num_whole
        is_last_open = bool(opened) and opened[-1] == self._num_stages
        return OpenStages(
            [TrainingStage(b, self._journal.children(b)) for b in opened],
            size=self._spec.round_size,
            last_is_full=is_last_whole or not is_last_open,
        )
