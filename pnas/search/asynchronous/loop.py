"""The asynchronous search loop: a cell is chosen whenever a worker is idle.

It begins with the stages that its strategy proposes whole, each of which awaits the former. From
the last of them on nothing is awaited: an idle worker gets a cell that is chosen by the results
that have arrived, and by what is expected of the cells in training.

Choices and results are in the journal, dated by one clock, before anything depends on them. A
search that continues trains what was chosen and has no result, and then chooses by the same history
as if it had never stopped.
"""

from typing import Any

from pnas.errors import require
from pnas.execution import as_lazy, soft_interrupts
from pnas.records import ChildJob, ChildRecord, ChildResult, StageRecord, Status
from pnas.search.asynchronous.arrival_clock import ArrivalClock
from pnas.search.asynchronous.arrivals import Arrivals
from pnas.search.asynchronous.open_stages import OpenStages
from pnas.search.history import RewardPolicy, own_stages, read_history
from pnas.search.loop import SearchLoop
from pnas.search.stage_trainer import job_id
from pnas.search.strategies.base import (
    AsynchronousStrategy,
    Proposal,
    SearchHistory,
    Strategy,
    TrainedCells,
)
from pnas.search.training_stage import TrainingStage
from pnas.state_space import Cell


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
        self._num_whole = whole_stages
        self._lazy_executor = as_lazy(self._executor)
        self._announced: set[int] = set()

    def run(self) -> None:
        """Search to the end, or as far as the budget goes; see `SearchLoop.run`."""
        strategy = self._take_up()
        rule = "must be false with a strategy that cannot choose one cell after the other"
        is_able = isinstance(strategy, AsynchronousStrategy)
        require(is_able, "search.asynchronous", rule, True)
        assert isinstance(strategy, AsynchronousStrategy)
        if self._run_whole_stages(strategy):
            self._begin(strategy)
            self._run_one_by_one(strategy)
            self._end(strategy)

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
        stage = self._open_stage() if len(self._own_stages()) < self._num_whole else None
        while len(self._own_stages()) < self._num_whole:
            stage = stage or self._propose(strategy)
            if stage is None:
                return False
            if len(self._own_stages()) == self._num_whole:
                return True
            self._trainer.train(stage)
            if stage.is_cut_short:
                self._end_early(strategy, stage)
                return False
            self._learn(strategy, stage)
            stage = None
        return True

    def _announce(self, number: int) -> TrainingStage:
        self._announced.add(number)
        return super()._announce(number)

    # -- one by one --------------------------------------------------------------------------------

    def _begin(self, strategy: AsynchronousStrategy) -> None:
        """Be where the journal stands, from the last whole stage on."""
        records = self._own_stages()
        children = self._journal.children()
        self._arrivals = self._read_arrivals()
        dates = [stage.opened_at for stage in records]
        dates.extend(event.at for event in self._journal.events())
        dates.extend(child.ended_at for child in children if child.ended_at is not None)
        self._clock = ArrivalClock(max(dates, default=0.0))

        opened = [record.b for record in records if record.closed_at is None]
        last_is_whole = len(records) <= self._num_whole
        is_last_open = bool(opened) and opened[-1] == self._num_stages
        self._open_stages = OpenStages(
            [TrainingStage(b, self._journal.children(b)) for b in opened],
            size=self._spec.round_size,
            last_is_full=last_is_whole or not is_last_open,
        )
        for stage in self._open_stages.stages:
            self._trainer.stop_if_most_failed(stage, self._open_stages.planned_size(stage))
            if stage.number not in self._announced:
                self._announce(stage.number)
        self._waiting = self._chosen_earlier()
        self._taken: list[ChildRecord] = []
        self._num_ended = 0
        self._nothing_left_at: int | None = None
        self._close_ended(strategy)

    def _chosen_earlier(self) -> list[ChildRecord]:
        """Return the children without a result, in the order in which they are started."""
        waiting: list[ChildRecord] = []
        for stage in self._open_stages.stages:
            waiting.extend(self._trainer.in_order(stage.missing()))
        return waiting[: self._budget.children_left()]

    def _run_one_by_one(self, strategy: AsynchronousStrategy) -> None:
        keys: dict[tuple[Cell, int], str] = {}

        def source(idle: int) -> list[ChildJob]:
            if interrupted() or not self._budget.has_time():
                return []
            jobs = []
            for child in self._next_children(strategy, idle):
                job = self._trainer.job(child)
                keys[job_id(job)] = child.key
                jobs.append(job)
            return jobs

        def may_start(job: ChildJob) -> bool:
            if interrupted() or not self._budget.has_time_for(job):
                return False
            self._trainer.start_child(keys[job_id(job)])
            return True

        with soft_interrupts(self._grace) as interrupted:
            for index, result in self._lazy_executor.run_from(source, may_start):
                self._end_child(strategy, self._taken[index], result)
        if interrupted():
            raise KeyboardInterrupt

    def _next_children(self, strategy: AsynchronousStrategy, idle: int) -> list[ChildRecord]:
        """Return children for ``idle`` workers; those that were chosen earlier come first."""
        self._open_stages.widen(idle + len(self._taken) - self._num_ended)
        children = self._waiting[:idle]
        del self._waiting[:idle]
        while len(children) < idle:
            chosen = self._choose(strategy, idle - len(children))
            if not chosen:
                break
            children.extend(child for child in chosen if child.ended_at is None)
        self._taken.extend(children)
        return children

    def _end_child(
        self, strategy: AsynchronousStrategy, child: ChildRecord, result: ChildResult
    ) -> None:
        stage = self._open_stages.stage_of(child)
        ended = self._trainer.end_child(stage, child.key, result, at=self._clock())
        self._num_ended += 1
        self._arrivals.end(ended)
        if ended.status is Status.FAILED:
            self._trainer.stop_if_most_failed(stage, self._open_stages.planned_size(stage))
        self._close_ended(strategy)

    # -- choices -----------------------------------------------------------------------------------

    def _choose(self, strategy: AsynchronousStrategy, count: int) -> list[ChildRecord]:
        """Choose up to ``count`` children and store them; none if there is no more to choose."""
        num_known = self._arrivals.num_known
        count = min(count, self._affordable(count))
        if count <= 0 or self._nothing_left_at == num_known:
            return []
        room = self._open_stages.room() or self._open_stages.size
        proposal = strategy.choose(self._arrivals.history, min(count, room))
        if proposal is None:
            # Until another result arrives, which may be another cell to begin from.
            self._nothing_left_at = num_known
            return []
        return self._store(strategy, proposal)

    def _affordable(self, count: int) -> int:
        """Return how many of ``count`` further children the budget has room for."""
        if self._budget.limit_reached() is not None:
            return 0
        left = self._budget.children_left()
        return count if left is None else left - self._arrivals.num_pending

    def _store(self, strategy: AsynchronousStrategy, proposal: Proposal) -> list[ChildRecord]:
        if not self._open_stages.room():
            self._num_stages += 1
        choices = self._choices(proposal)
        self._journal.extend_stage(
            self._num_stages,
            choices,
            candidates_scored=proposal.candidates_scored,
            unique_candidates=proposal.unique_candidates,
            seconds_scoring=proposal.seconds,
            at=self._clock(),
        )
        children = self._journal.children(self._num_stages)
        self._open_stages.put(self._num_stages, children)
        chosen = children[-len(choices) :]
        for child in chosen:
            self._take(child)
        self._tell_of_last_stage()
        self._close_ended(strategy)
        return chosen

    def _take(self, child: ChildRecord) -> None:
        self._arrivals.add(child)
        # A child may bring the result along that it had before a damaged journal was restored.
        if child.ended_at is not None:
            self._arrivals.end(child)
            self._budget.count(child)

    def _tell_of_last_stage(self) -> None:
        stage = self._open_stages.stages[-1]
        room = self._open_stages.room()
        planned = len(stage.children) + max(0, min(room, self._affordable(room)))
        for observer in self._observers:
            observer.stage_extended(stage.number, stage.children, planned)

    # -- ends --------------------------------------------------------------------------------------

    def _close_ended(self, strategy: AsynchronousStrategy, is_over: bool = False) -> None:
        for stage in self._open_stages.pop_ended(is_over):
            self._learn_from(strategy, stage)

    def _learn_from(self, strategy: AsynchronousStrategy, stage: TrainingStage) -> None:
        for observer in self._observers:
            observer.learning(stage.number)
        trained = TrainedCells(
            stage=stage.number,
            cells=[child.cell for child in stage.children],
            predictions=[child.predicted for child in stage.children],
            rewards=RewardPolicy(self._spec.failed_reward).rewards(stage.children),
            is_last=not self._arrivals.num_pending,
        )
        learned = strategy.learn(self._arrivals.history, trained)
        self._journal.close_stage(stage.number, learned)
        for observer in self._observers:
            observer.stage_closed(stage.number)

    def _end(self, strategy: AsynchronousStrategy) -> None:
        """Close what can be closed, and keep the budget that ended the search."""
        self._close_ended(strategy, is_over=True)
        is_cut_short = bool(self._open_stages.stages)
        if is_cut_short or not strategy.is_over():
            self._journal.set_meta(**{self._stopped_by: self._budget.limit_reached()})
        if not self._has_enough_to_learn():
            return
        for stage in self._open_stages.stages:
            if stage.has_reward:
                self._learn_from(strategy, stage)
