"""`OneByOne`: trains cells that are chosen one by one, whenever a worker is idle.

Choices and results are in the journal, dated by one clock, before anything depends on them.
"""

from collections.abc import Sequence

from pnas.execution import as_lazy, soft_interrupts
from pnas.records import ChildJob, ChildRecord, ChildResult, Journal, Status
from pnas.search.asynchronous.arrival_clock import ArrivalClock
from pnas.search.asynchronous.arrivals import Arrivals
from pnas.search.asynchronous.open_stages import OpenStages
from pnas.search.budget import Budget
from pnas.search.choices import Identify, make_choices
from pnas.search.history import RewardPolicy, has_enough_to_learn
from pnas.search.stage_trainer import StageTrainer, job_id
from pnas.search.strategies.base import AsynchronousStrategy, Proposal, TrainedCells
from pnas.search.strategies.search_spec import SearchSpec
from pnas.search.training_setup import TrainingSetup
from pnas.search.training_stage import TrainingStage
from pnas.state_space import Cell


class OneByOne:
    """Chooses and trains cells until the strategy, the budget or the user ends it.

    Args:
        strategy: Chooses cells by what has arrived, and by what is expected of those in training.
        arrivals: What is known, and what is in training.
        open_stages: The stages that are not closed.
        training: How children are trained; its executor must be a `LazyExecutor`.
        trainer: Writes down how children ended.
        journal: Journal of the search.
        budget: What the search may spend.
        spec: Settings of the search.
        identify: Gives each training its key and seed.
    """

    def __init__(
        self,
        *,
        strategy: AsynchronousStrategy,
        arrivals: Arrivals,
        open_stages: OpenStages,
        training: TrainingSetup,
        trainer: StageTrainer,
        journal: Journal,
        budget: Budget,
        spec: SearchSpec,
        identify: Identify,
    ) -> None:
        self._strategy = strategy
        self._arrivals = arrivals
        self._open_stages = open_stages
        self._executor = as_lazy(training.executor)
        self._observers = training.observers
        self._grace = training.grace
        self._trainer = trainer
        self._journal = journal
        self._budget = budget
        self._spec = spec
        self._identify = identify
        self._clock = ArrivalClock(_last_date(journal))
        self._num_stages = max((stage.b for stage in journal.stages()), default=0)
        self._waiting = self._chosen_earlier()
        self._taken: list[ChildRecord] = []
        self._num_ended = 0
        self._nothing_left_at: int | None = None

    def run(self) -> str | None:
        """Choose and train to the end, or as far as the budget goes.

        Returns:
            The budget that ended it early; None if the strategy has no more.

        Raises:
            SearchFailed: More than ``search.max_failed`` of a stage's children failed.
            KeyboardInterrupt: Ctrl-C or SIGTERM.
        """
        self._close_ended()
        self._train()
        return self._end()

    def _chosen_earlier(self) -> list[ChildRecord]:
        """Return the children without a result, in the order in which they are started."""
        waiting: list[ChildRecord] = []
        for stage in self._open_stages.stages:
            waiting.extend(self._trainer.in_order(stage.missing()))
        return waiting[: self._budget.children_left()]

    # -- trainings ---------------------------------------------------------------------------------

    def _train(self) -> None:
        keys: dict[tuple[Cell, int], str] = {}

        def source(idle: int) -> list[ChildJob]:
            if interrupted() or not self._budget.has_time():
                return []
            jobs = []
            for child in self._next_children(idle):
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
            for index, result in self._executor.run_from(source, may_start):
                self._end_child(self._taken[index], result)
        if interrupted():
            raise KeyboardInterrupt

    def _next_children(self, idle: int) -> list[ChildRecord]:
        """Return children for ``idle`` workers; those that were chosen earlier come first."""
        self._open_stages.widen(idle + len(self._taken) - self._num_ended)
        children = self._waiting[:idle]
        del self._waiting[:idle]
        while len(children) < idle:
            chosen = self._choose(idle - len(children))
            if not chosen:
                break
            children.extend(child for child in chosen if child.ended_at is None)
        self._taken.extend(children)
        return children

    def _end_child(self, child: ChildRecord, result: ChildResult) -> None:
        stage = self._open_stages.stage_of(child)
        ended = self._trainer.end_child(stage, child.key, result, at=self._clock())
        self._num_ended += 1
        self._arrivals.end(ended)
        if ended.status is Status.FAILED:
            self._trainer.stop_if_most_failed(stage, self._open_stages.planned_size(stage))
        self._close_ended()

    # -- choices -----------------------------------------------------------------------------------

    def _choose(self, count: int) -> list[ChildRecord]:
        """Choose up to ``count`` children and store them; none if there is no more to choose."""
        num_known = self._arrivals.num_known
        count = min(count, self._affordable(count))
        if count <= 0 or self._nothing_left_at == num_known:
            return []
        room = self._open_stages.room() or self._open_stages.size
        proposal = self._strategy.choose(self._arrivals.history, min(count, room))
        if proposal is None:
            # Until another result arrives, which may be another cell to begin from.
            self._nothing_left_at = num_known
            return []
        return self._store(proposal)

    def _affordable(self, count: int) -> int:
        """Return how many of ``count`` further children the budget has room for."""
        if self._budget.limit_reached() is not None:
            return 0
        left = self._budget.children_left()
        return count if left is None else left - self._arrivals.num_pending

    def _store(self, proposal: Proposal) -> list[ChildRecord]:
        if not self._open_stages.room():
            self._num_stages += 1
        choices = make_choices(proposal, self._identify)
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
        self._take_up(chosen)
        self._tell_of_last_stage()
        self._close_ended()
        return chosen

    def _take_up(self, chosen: Sequence[ChildRecord]) -> None:
        for child in chosen:
            self._arrivals.add(child)
            # It may bring the result along that it had before a damaged journal was restored.
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

    def _close_ended(self, is_over: bool = False) -> None:
        for stage in self._open_stages.pop_ended(is_over):
            self._learn_from(stage)

    def _learn_from(self, stage: TrainingStage) -> None:
        for observer in self._observers:
            observer.learning(stage.number)
        trained = TrainedCells(
            stage=stage.number,
            cells=[child.cell for child in stage.children],
            predictions=[child.predicted for child in stage.children],
            rewards=RewardPolicy(self._spec.failed_reward).rewards(stage.children),
            is_last=not self._arrivals.num_pending,
        )
        learned = self._strategy.learn(self._arrivals.history, trained)
        self._journal.close_stage(stage.number, learned)
        for observer in self._observers:
            observer.stage_closed(stage.number)

    def _end(self) -> str | None:
        """Close what can be closed, and return the budget that ended the search early."""
        self._close_ended(is_over=True)
        stopped_by = None
        is_cut_short = bool(self._open_stages.stages)
        if is_cut_short or not self._strategy.is_over():
            stopped_by = self._budget.limit_reached()
        if has_enough_to_learn(self._journal):
            for stage in self._open_stages.stages:
                if stage.has_reward:
                    self._learn_from(stage)
        return stopped_by


def _last_date(journal: Journal) -> float:
    """Return the latest date in ``journal``, in seconds since the epoch; 0 if it has none."""
    dates = [stage.opened_at for stage in journal.stages()]
    dates.extend(event.at for event in journal.events())
    dates.extend(child.ended_at for child in journal.children() if child.ended_at is not None)
    return max(dates, default=0.0)
