"""`search=random`: uniform random search over the unique cells of B blocks, the baseline."""

import numpy as np

from pnas.search.strategies.base import SearchHistory, StrategyContext
from pnas.search.strategies.sampling_specs import RandomSpec
from pnas.search.strategies.sampling_strategy import SamplingStrategy
from pnas.state_space import Cell


class RandomSearch(SamplingStrategy):
    """Proposes cells of B blocks, uniform over the unique ones that were not proposed yet."""

    stream = "random"

    def __init__(self, context: StrategyContext, history: SearchHistory) -> None:
        super().__init__(context, history)
        assert isinstance(context.spec, RandomSpec)
        self._batch = context.spec.batch

    def next_cells(self, generator: np.random.Generator) -> list[Cell]:
        """See `SamplingStrategy.next_cells`."""
        return self.sampler.sample(generator, self._batch)

    def next_cell(self, generator: np.random.Generator) -> list[Cell]:
        """See `SamplingStrategy.next_cell`."""
        return self.sampler.sample(generator, 1)
