"""`search=refined`: a progressive search that goes on in rounds at full size."""

from pnas.controller import Generation
from pnas.search.selection import Selection
from pnas.search.strategies.base import SearchHistory, StrategyContext
from pnas.search.strategies.progressive import Progressive
from pnas.search.strategies.refinement_pool import RefinementPool
from pnas.search.strategies.specs import RefinedSpec


class Refined(Progressive):
    """Proposes the stages of `Progressive`, then rounds of the best predicted cells of B blocks."""

    def __init__(self, context: StrategyContext, history: SearchHistory) -> None:
        super().__init__(context, history)
        assert isinstance(context.spec, RefinedSpec)
        self._round_size = context.spec.refine
        self._pool = RefinementPool(
            space=context.space,
            largest=context.spec.refine_pool,
            parents=context.spec.refine_parents,
            seed=context.seed,
        )

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        if self._is_growing():
            return False
        return self._pool.is_exhausted(self._asked_cells())

    def _next_generation(self) -> Generation:
        if self._is_growing():
            return super()._next_generation()
        return self._round()

    def _round(self) -> Generation:
        candidates = self._pool.candidates(self._rewarded_cells(), self._asked_cells())
        selection = Selection(
            K=self._round_size,
            uncertainty=self._spec.uncertainty,
            chunk=self._controller.spec.chunk,
            is_feasible=self._context.is_feasible,
        )
        return self._select(candidates, selection)
