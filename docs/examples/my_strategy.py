"""A strategy: change one decision of the best cell so far, or sample a new cell.

PNAS_EXTENSIONS=docs/examples/my_strategy.py python run.py name=mine search.kind=hill_climbing \
    search.max_children=60
"""

import numpy as np

from pnas.search.strategies.mutation import mutated
from pnas.search.strategies.sampling_strategy import SamplingStrategy

CHILDREN = 4


class HillClimbing(SamplingStrategy):
    """Built from its history; the base class remembers it, and knows which cells are new."""

    stream = "hill climbing"

    def next_cells(self, generator: np.random.Generator):
        ranked = sorted(self.rewarded_cells(), key=lambda pair: pair[1], reverse=True)
        if not ranked:
            return self.sampler.sample(generator, CHILDREN)
        best, _ = ranked[0]
        child = mutated(self.space, best, generator)
        if not self.sampler.may_take(child):
            return self.sampler.sample(generator, CHILDREN)
        self.sampler.take(child)
        return [child]


PNAS = {"strategies": {"hill_climbing": HillClimbing}}
