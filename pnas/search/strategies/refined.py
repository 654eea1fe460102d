"""`search=refined`: a progressive search that goes on in rounds at full size."""

import numpy as np

from pnas.controller import Generation
from pnas.search.selection import Selection
from pnas.search.strategies.base import Proposal, SearchHistory, StrategyContext
from pnas.search.strategies.progressive import Progressive
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
        return Proposal(
            cells=cells,
            predictions=None,
            candidates_scored=0,
            unique_candidates=len(cells),
            seconds=0.0,
        )

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
        selection = Selection(
            K=self._refined_spec.refine,
            uncertainty=self._spec.uncertainty,
            chunk=self._controller.spec.chunk,
            is_feasible=self._context.is_feasible,
        )
        return self._select(candidates, selection)
