"""`search=refined`: a progressive search that goes on in rounds at full size."""

from typing import Any

import numpy as np

from pnas.controller import Generation
from pnas.search.selection import Selection
from pnas.search.strategies.base import (
    PendingCell,
    Proposal,
    SearchHistory,
    StrategyContext,
    TrainedCells,
)
from pnas.search.strategies.progressive import Progressive, proposal_of
from pnas.search.strategies.refined_spec import RefinedSpec
from pnas.search.strategies.refinement_pool import RefinementPool
from pnas.search.strategies.unique_sampler import UniqueSampler
from pnas.seeds import derive_seed
from pnas.state_space import Cell


class Refined(Progressive):
    """Proposes the stages of `Progressive`, then rounds of the best predicted cells of B blocks.

    With a mixed start it proposes one stage of small and of full-size cells in place of the former.
    """

    def __init__(self, context: StrategyContext, history: SearchHistory) -> None:
        super().__init__(context, history)
        assert isinstance(context.spec, RefinedSpec)
        self._refined_spec = context.spec
        self._pending: list[PendingCell] = []
        self._pool = RefinementPool(
            space=context.space,
            largest=context.spec.refine_pool,
            parents=context.spec.refine_parents,
            seed=context.seed,
            grows=context.spec.start != "mixed",
            best_first=self._front.best_first if self._front.is_wanted else None,
        )

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        if self._is_growing():
            return False
        return self._pool.is_exhausted(self._asked_cells())

    def _initial_stage(self) -> Proposal:
        of_one_block = self._controller.get_actions(self._refined_spec.sampled_first(self._space))
        cells = [*of_one_block, *self._random_full_size()]
        self._controller.begin_stage(cells, None)
        return Proposal.unscored(cells)

    def _random_full_size(self) -> list[Cell]:
        """Return the random cells of B blocks of a mixed start."""
        count = self._refined_spec.sampled_full(self._space)
        sampler = UniqueSampler(self._space, self._space.B, self._context.is_feasible)
        generator = np.random.default_rng(derive_seed(self._context.seed, "mixed start"))
        return sampler.sample(generator, count)

    def _growing_stages(self) -> int:
        return self._refined_spec.growing_stages(self._space)

    def _next_generation(self) -> Generation:
        if self._is_growing():
            return super()._next_generation()
        return self._round()

    def _round(self) -> Generation:
        candidates = self._pool.candidates(self._rewarded_cells(), self._asked_cells())
        return self._select(candidates, self._selection(self._refined_spec.refine))

    def _selection(self, count: int) -> Selection:
        return Selection(
            K=count,
            uncertainty=self._spec.uncertainty,
            chunk=self._controller.spec.chunk,
            is_feasible=self._context.is_feasible,
        )

    # -- one by one --------------------------------------------------------------------------------

    def choose(self, history: SearchHistory, count: int) -> Proposal | None:
        """See `pnas.search.AsynchronousStrategy.choose`.

        Where too few rewards have arrived for the predictor, the cells are random ones.
        """
        self._pending = list(history.pending)
        stages = [(stage.cells, stage.rewards) for stage in history.closed]
        if _lacks_rewards(history):
            return self._random_cells(history, count)
        expected = [*history.awaited, *(pending.cell for pending in history.pending)]
        self._controller.fit_expecting(stages, expected)
        if self._pool.is_exhausted(self._asked_cells()):
            return None
        candidates = self._pool.candidates(self._rewarded_cells(), self._asked_cells())
        return proposal_of(self._generation(candidates, self._selection(count)))

    def learn(self, history: SearchHistory, trained: TrainedCells) -> dict[str, Any] | None:
        """See `pnas.search.AsynchronousStrategy.learn`.

        Cross-validation is left to stages at whose end no worker waits for it.
        """
        if _lacks_rewards(history):
            return None
        self._pending = list(history.pending)
        self._controller.fit_expecting([(stage.cells, stage.rewards) for stage in history.closed])
        predictions = []
        rewards = []
        for predicted, reward in zip(trained.predictions, trained.rewards, strict=True):
            if predicted is not None:
                predictions.append(predicted)
                rewards.append(reward)
        known = predictions or None
        report = self._controller.report(known, rewards, cross_validates=trained.is_last)
        return self._learned(report, trained.stage, known, rewards)

    def _asked_cells(self) -> list[Cell]:
        return [*super()._asked_cells(), *(pending.cell for pending in self._pending)]

    def _random_cells(self, history: SearchHistory, count: int) -> Proposal | None:
        sampler = UniqueSampler(self._space, self._space.B, self._context.is_feasible)
        asked = [pending.cell for pending in history.pending]
        for stage in history.closed:
            asked.extend(cell for cell in stage.cells if len(cell) == self._space.B)
        sampler.take_all(asked)
        seed = derive_seed(self._context.seed, "asynchronous start", history.next_stage)
        cells = sampler.sample(np.random.default_rng(seed), count)
        if not cells:
            return None
        return Proposal.unscored(cells)


def _lacks_rewards(history: SearchHistory) -> bool:
    """Whether cells are in training and fewer than two have a reward, as a predictor needs."""
    known = 0
    for stage in history.closed:
        known += sum(reward is not None for reward in stage.rewards)
        if known >= 2:
            return False
    return bool(history.pending or history.awaited)
