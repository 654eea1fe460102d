"""One search from its first stage to its winner: the one place where loops are put together.

A search has two parts, each a `SearchLoop` on the same journal:

1. The strategy proposes cells, each of which is trained once. With ``search.asynchronous`` it does
   so one by one (`pnas.search.asynchronous`).
2. The confirmation trains the most promising ones again, with the share ``search.confirm`` of the
   trainings, until the winner is known.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pnas.records import Journal, Status
from pnas.records.cell_trainings import (
    CellTrainings,
    group_by_cell,
    rewarded,
)
from pnas.records.plan_facts import (
    CONFIRMATION_STOPPED_BY,
    OPTIMISM,
    SEARCH_ENDED_BY,
    WINNER,
)
from pnas.search.asynchronous.loop import AsynchronousLoop
from pnas.search.budget import (
    STOPPED_BY,
    Budget,
    CountsChild,
    every_child,
    seconds_limit,
)
from pnas.search.choices import Identify
from pnas.search.confirmation.finalists import (
    fit_to_means,
    rank_by_membership,
    rank_by_posterior,
)
from pnas.search.confirmation.front_confirmation import FrontConfirmation
from pnas.search.confirmation.further_trainings import Room, is_confirmation_stage
from pnas.search.confirmation.plan import ConfirmationPlan, plan_confirmation
from pnas.search.confirmation.strategy import Confirmation
from pnas.search.confirmation.winner import decide_winner, estimate_optimism
from pnas.search.history import RewardPolicy, read_history
from pnas.search.loop import SearchLoop
from pnas.search.pacing.pace import Pace
from pnas.search.pacing.paced_budget import PacedBudget
from pnas.search.pacing.paced_strategy import PacedStrategy
from pnas.search.rung_ladder import Ladder, make_ladder
from pnas.search.rungs.strategy import RungStrategy
from pnas.search.search_parts import (
    is_first_training,
    is_search_stage,
    num_confirmations,
)
from pnas.search.strategies import (
    SearchHistory,
    SearchSpec,
    Strategy,
    StrategyContext,
    make_strategy,
)
from pnas.search.training_cost import store_kept_epochs
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import Cell


@dataclass(frozen=True)
class SearchRun:
    """A search and all that it needs.

    Attributes:
        context: What the strategy is made of.
        training: How children are trained.
        journal: Journal of the search, which may hold a part of it already.
        identify: Gives each training its key and seed.
        epochs: Number of epochs that one child is trained for.
        counts_children: See `Budget`.
        can_repeat: Whether another training of a cell may have another reward. A table with one
            training of each cell cannot, and then the winner is known without confirmation.
        pace: What a budget in seconds leaves time for; None without one, and where children are
            looked up instead of trained.
        kept_epochs: Number of epochs that the training of each rung keeps for a longer one to go on
            from, by its epochs (`pnas.search.training_cost`); none where each begins anew.
    """

    context: StrategyContext
    training: TrainingSetup
    journal: Journal
    identify: Identify
    epochs: float = 1.0
    counts_children: bool = False
    can_repeat: bool = True
    pace: Pace | None = None
    kept_epochs: Mapping[int, int] = field(default_factory=dict)

    def run(self) -> None:
        """Search, confirm, and write the winner to the journal.

        Raises:
            SearchFailed: Too many children of a stage failed.
            KeyboardInterrupt: Ctrl-C or SIGTERM; the next run continues.
        """
        self.journal.set_meta(**{WINNER: None, OPTIMISM: None})
        if self.kept_epochs:
            store_kept_epochs(self.journal, self.kept_epochs)
        confirms = self.spec.confirm_share(self.epochs) > 0 and self.can_repeat
        if not self._is_time_for_searching_over:
            self._search(share=self.spec.search_share(self.epochs) if confirms else 1.0)
        if confirms:
            self._confirm()
            self._save_predictor()
        self._decide()

    @property
    def spec(self) -> SearchSpec:
        """Settings of the search."""
        return self.context.spec

    # -- its two parts -----------------------------------------------------------------------------

    def _search(self, share: float) -> None:
        budget = self._budget(share=share, counts=is_first_training)
        loop = self._loop(
            self._loop_of_search(),
            spec=self.spec,
            make_strategy=self._make_strategy,
            budget=budget,
            owns=is_search_stage,
            early_stop=self.spec.early_stop,
        )
        loop.run()

    def _make_strategy(self, history: SearchHistory) -> Strategy:
        # A search that awaits no stage has none that could be too long for the time.
        if self.pace is None or self.spec.is_asynchronous:
            return self._make_inside(self.spec, history)
        return PacedStrategy(self._make_inside, self.pace, history)

    def _make_inside(self, spec: SearchSpec, history: SearchHistory) -> Strategy:
        """Make the strategy of ``spec``, without regard to time."""
        context = replace(self.context, spec=spec)
        if not spec.rungs:
            return make_strategy(context, history)
        return RungStrategy(context, self._ladder, history)

    @property
    def _ladder(self) -> Ladder:
        if self.pace is not None:
            return self.pace.ladder
        return make_ladder(self.spec.rungs, self.epochs)

    def _budget(
        self, share: float = 1.0, counts: CountsChild = every_child, confirms: bool = False
    ) -> Budget:
        if self.pace is None:
            return Budget(
                self.spec,
                self.journal,
                epochs=self.epochs,
                counts_children=self.counts_children,
                share=share,
                counts=counts,
            )
        return PacedBudget(
            self.pace,
            self.journal,
            confirms=confirms,
            epochs=self.epochs,
            share=share,
            counts=counts,
        )

    def _loop_of_search(self) -> Callable[..., SearchLoop]:
        if not self.spec.is_asynchronous:
            return SearchLoop
        return partial(AsynchronousLoop, whole_stages=self.spec.whole_stages(self.context.space))

    def _confirm(self) -> None:
        if self.pace is not None:
            self.journal.set_meta(**{SEARCH_ENDED_BY: self.journal.meta(STOPPED_BY)})
        plan = plan_confirmation(
            self.journal,
            self._searched(),
            trainings=num_confirmations(self.spec, self.journal, self.epochs),
            rank=self._rank,
            room=self._room,
        )
        loop = self._loop(
            SearchLoop,
            # A reward in place of a failed training would count in the mean of its cell.
            spec=replace(self.spec, failed_reward="exclude"),
            make_strategy=partial(self._make_confirmation, plan),
            budget=self._budget(confirms=True),
            owns=plan.owns,
            stopped_by=CONFIRMATION_STOPPED_BY,
        )
        loop.run()

    @property
    def _room(self) -> Room | None:
        """How many further trainings there is time for; None where time is no limit."""
        if self.pace is None or not self._is_time_for_searching_over:
            return None
        return self.pace.confirmations

    def _make_confirmation(self, plan: ConfirmationPlan, history: SearchHistory) -> Strategy:
        if self.context.objectives is None:
            return Confirmation(
                searched=plan.searched,
                trainings=plan.trainings,
                confidence=self.spec.confidence,
                seed=self.context.seed,
                history=history,
                room=plan.room,
            )
        return FrontConfirmation(
            searched=plan.searched,
            objectives=self.context.objectives.objectives,
            values=self._objective_values(plan.ranked),
            trainings=plan.trainings,
            confidence=self.spec.confidence,
            seed=self.context.seed,
            history=history,
            room=plan.room,
        )

    def _objective_values(self, ranked: Sequence[CellTrainings]) -> dict[Cell, Mapping[str, float]]:
        """Return the values of all objectives by cell."""
        source = self.context.objectives
        assert source is not None
        outcomes = source.outcomes([(each.cell, each.rewards[0]) for each in ranked])
        return dict(zip(outcomes.cells, outcomes.values, strict=True))

    def _save_predictor(self) -> None:
        """Keep a predictor that has learned the mean of all trainings of each cell."""
        directory = self.context.save_dir
        stages = self.journal.stages()
        # Time may have been too short for a single stage.
        if not stages or directory is None or not self.spec.uses_predictor:
            return
        last = stages[-1]
        if not is_confirmation_stage(self.journal.children(last.b)):
            return
        trained = rewarded(self._searched())
        expected = self._expected_of_others(trained)
        predictor = fit_to_means(self.context, trained, last.b, expected)
        predictor.save(directory / f"stage_{last.b}")

    def _loop(self, make_loop: Callable[..., SearchLoop], **parts: Any) -> SearchLoop:
        return make_loop(
            training=self.training,
            journal=self.journal,
            identify=self.identify,
            **parts,
        )

    # -- what the confirmation begins with ---------------------------------------------------------

    def _searched(self) -> list[CellTrainings]:
        return group_by_cell(self.journal.children())

    @property
    def _is_time_for_searching_over(self) -> bool:
        """Whether the confirmation began because it was time for it.

        A search that goes on after a kill does not ask the clock again.
        """
        if self.pace is None:
            return False
        return bool(self.journal.meta(SEARCH_ENDED_BY) == seconds_limit(self.spec))

    def _rank(self, known: list[CellTrainings], stage: int) -> list[CellTrainings]:
        """Return the cells of a search of ``stage`` stages, most promising first."""
        if self.context.objectives is not None:
            return rank_by_membership(self.context, known, stage)
        return rank_by_posterior(self.context, known, stage, self._expected_of_others(known))

    def _expected_of_others(self, known: Sequence[CellTrainings]) -> dict[Cell, float]:
        """Return the expected reward of each cell that was trained in part only."""
        if not self.spec.rungs and not self.spec.early_stop:
            return {}
        policy = RewardPolicy(self.spec.failed_reward)
        history = read_history(self.journal, policy, is_search_stage)
        if not self.spec.rungs:
            return self._expected_of_stopped(history)
        expected = RungStrategy(self.context, self._ladder, history).expected()
        trained = {each.cell for each in known}
        return {cell: reward for cell, reward in expected.items() if cell not in trained}

    def _expected_of_stopped(self, history: SearchHistory) -> dict[Cell, float]:
        children = self.journal.children()
        stopped = {child.cell for child in children if child.status is Status.STOPPED}
        expected = {}
        for stage in history.closed:
            for cell, reward in zip(stage.cells, stage.rewards, strict=True):
                if cell in stopped and reward is not None:
                    expected[cell] = reward
        return expected

    # -- the end -----------------------------------------------------------------------------------

    def _decide(self) -> None:
        searched = rewarded(self._searched())
        winner = decide_winner(
            searched,
            confidence=self.spec.confidence,
            tie_break=self.spec.tie_break,
            seed=self.context.seed,
            is_deterministic=not self.can_repeat,
            adds_best=self.context.objectives is not None,
        )
        optimism = estimate_optimism(searched) if winner is not None else None
        self.journal.set_meta(**{WINNER: winner, OPTIMISM: optimism})
