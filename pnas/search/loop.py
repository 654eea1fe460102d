"""The search loop: algorithm 1 of the PNAS paper, for any strategy, resumable at any instant.

Whatever is decided or found is written to the journal before anything depends on it; a loop that
starts again on the same journal takes up all that was done before.
"""

from collections.abc import Callable, Sequence
from sqlite3 import IntegrityError
from typing import Any

from pnas.errors import InvalidValue
from pnas.records import Choice, Journal
from pnas.records.cell_trainings import is_short
from pnas.search.budget import STOPPED_BY, TRAININGS_NEEDED, Budget
from pnas.search.choices import Identify, make_choices
from pnas.search.history import (
    RewardPolicy,
    StageFilter,
    every_stage,
    has_enough_to_learn,
    own_stages,
    read_history,
)
from pnas.search.short_training import signals_of
from pnas.search.stage_trainer import StageTrainer
from pnas.search.strategies.base import (
    LearnsFromShortTrainings,
    Proposal,
    SearchHistory,
    Strategy,
)
from pnas.search.strategies.search_spec import SearchSpec
from pnas.search.training_setup import TrainingSetup
from pnas.search.training_stage import TrainingStage


class SearchLoop:
    """Runs one search.

    Args:
        make_strategy: Builds the strategy from the history that the journal holds.
        training: How children are trained.
        journal: Journal of this search, which may hold a part of it already.
        identify: Gives each training its key and seed.
        spec: How many children may fail, and what the predictor learns of those that do.
        budget: What the search may spend; None for the limits of ``spec`` and children of one
            epoch.
        owns: Which stages of the journal belong to this loop. Those of its confirmation are
            trained by a second loop (`pnas.search.confirmation`).
        early_stop: Probability of becoming one of the best below which a training is stopped; 0 for
            none (`pnas.search.early_stop`).
        stopped_by: Name under which the journal keeps the budget that ended the loop early.
    """

    def __init__(
        self,
        *,
        make_strategy: Callable[[SearchHistory], Strategy],
        training: TrainingSetup,
        journal: Journal,
        identify: Identify,
        spec: SearchSpec | None = None,
        budget: Budget | None = None,
        owns: StageFilter = every_stage,
        early_stop: float = 0.0,
        stopped_by: str = STOPPED_BY,
    ) -> None:
        self._make_strategy = make_strategy
        self._training = training
        self._journal = journal
        self._identify = identify
        self._spec = spec or SearchSpec()
        self._budget = budget or Budget(self._spec, journal)
        self._observers = training.observers
        self._owns = owns
        self._stopped_by = stopped_by
        self._policy = RewardPolicy(self._spec.failed_reward)
        self._trainer = StageTrainer(
            training=training,
            journal=journal,
            spec=self._spec,
            budget=self._budget,
            early_stop=early_stop,
        )

    def run(self) -> None:
        """Search to the end, or as far as the budget goes.

        Raises:
            SearchFailed: More than ``search.max_failed`` of a stage's children failed, or so many
                that the predictor has nothing to learn from.
            KeyboardInterrupt: Ctrl-C or SIGTERM. What is not in the journal by then is trained by
                the next command.
        """
        strategy = self._take_up()
        stage = self._open_stage() or self._propose(strategy)
        while stage is not None:
            self._trainer.train(stage)
            if stage.is_cut_short and self._budget.may_end_rung(stage.children):
                strategy, stage = self._end_rung(stage)
            if stage.is_cut_short:
                self._end_early(strategy, stage)
                return
            self._learn(strategy, stage)
            stage = self._propose(strategy)

    # -- where an earlier command stopped ----------------------------------------------------------

    def _take_up(self) -> Strategy:
        """Reopen what was left undone, and build the strategy from what was done."""
        self._journal.set_meta(**{self._stopped_by: None})
        if self._stopped_by == STOPPED_BY:
            self._journal.set_meta(**{TRAININGS_NEEDED: None})
        stages = own_stages(self._journal, self._owns)
        if stages:
            self._journal.reopen_unfinished_stage(stages[-1].b)
            if self._spec.retry_failed and self._is_open(stages[-1].b):
                self._journal.reopen_failed(stages[-1].b, self._trainer.measured)
        self._budget.recount()
        self._num_stages = max((stage.b for stage in self._journal.stages()), default=0)
        return self._make_strategy(read_history(self._journal, self._policy, self._owns))

    def _open_stage(self) -> TrainingStage | None:
        """Return the stage that an earlier command left open; None if there is none."""
        stages = own_stages(self._journal, self._owns)
        if not stages or stages[-1].closed_at is not None:
            return None
        return self._announce(stages[-1].b)

    def _is_open(self, number: int) -> bool:
        return any(
            stage.b == number and stage.closed_at is None for stage in self._journal.stages()
        )

    # -- one stage ---------------------------------------------------------------------------------

    def _propose(self, strategy: Strategy) -> TrainingStage | None:
        """Open the next stage; None if the strategy or the budget has no more."""
        limit = self._budget.limit_reached(self._smallest_share(strategy))
        if limit is not None and not strategy.is_over():
            self._journal.set_meta(**{self._stopped_by: limit})
            return None
        proposal = strategy.ask()
        if proposal is None:
            return None
        choices = make_choices(proposal, self._identify)
        if self._is_rung_in_vain(proposal, choices):
            return None
        self._num_stages += 1
        self._write(self._num_stages, proposal, choices)
        stage = self._announce(self._num_stages)
        # A child may bring the result along that it had under an earlier plan.
        for child in stage.children:
            if child.ended_at is not None:
                self._budget.count(child)
        return stage

    def _smallest_share(self, strategy: Strategy) -> float:
        """Return the share of a whole training that the next child is trained for, at least."""
        is_short = isinstance(strategy, LearnsFromShortTrainings)
        return self._spec.smallest_share if is_short else 1.0

    def _is_rung_in_vain(self, proposal: Proposal, choices: Sequence[Choice]) -> bool:
        """Whether no cell of short trainings could be trained whole after them.

        What is left of the budget is left to a later command, which begins with this stage. The
        first stage is begun in any case.
        """
        if proposal.epochs is None or not self._num_stages:
            return False
        needed = self._budget.room_needed(choices, proposal.promotions)
        limit = self._budget.limit_by_counts(needed)
        if limit is None:
            return False
        self._journal.set_meta(**{self._stopped_by: limit, TRAININGS_NEEDED: needed})
        return True

    def _write(self, number: int, proposal: Proposal, choices: Sequence[Choice]) -> None:
        try:
            self._journal.open_stage(
                number,
                choices,
                candidates_scored=proposal.candidates_scored,
                unique_candidates=proposal.unique_candidates,
                seconds_scoring=proposal.seconds,
            )
        except IntegrityError as error:
            rule = "must name a strategy that proposes no cell of an earlier stage"
            raise InvalidValue("search.kind", rule, list(proposal.cells)) from error

    def _announce(self, number: int) -> TrainingStage:
        children = self._journal.children(number)
        for observer in self._observers:
            observer.stage_opened(number, children)
        return TrainingStage(number, children)

    def _learn(self, strategy: Strategy, stage: TrainingStage) -> None:
        self._trainer.stop_if_too_few_to_learn_from(stage)
        for observer in self._observers:
            observer.learning(stage.number)
        learned = self._tell(strategy, stage)
        self._journal.close_stage(stage.number, learned)
        for observer in self._observers:
            observer.stage_closed(stage.number)

    def _tell(self, strategy: Strategy, stage: TrainingStage) -> dict[str, Any] | None:
        rewards = self._policy.rewards(stage.children)
        if not is_short(stage.children[0]):
            return strategy.tell(rewards)
        assert isinstance(strategy, LearnsFromShortTrainings)
        return strategy.tell_short([signals_of(child) for child in stage.children], rewards)

    def _end_rung(self, stage: TrainingStage) -> tuple[Strategy, TrainingStage]:
        """Leave out the short trainings of ``stage`` for which there is no time.

        Returns:
            The strategy, which goes on with the others, and the stage of these.
        """
        self._journal.drop_untrained(stage.number)
        self._policy = RewardPolicy(self._spec.failed_reward)
        strategy = self._make_strategy(read_history(self._journal, self._policy, self._owns))
        return strategy, self._announce(stage.number)

    def _end_early(self, strategy: Strategy, stage: TrainingStage) -> None:
        """End with a stage that the budget cut short; learn from it what can be learned."""
        self._journal.set_meta(**{self._stopped_by: self._budget.limit_for(stage.missing())})
        if stage.has_reward and has_enough_to_learn(self._journal):
            self._learn(strategy, stage)
