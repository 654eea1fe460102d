"""`search=evolution`: regularized evolution (Real et al., arXiv 1802.01548)."""

from collections.abc import Sequence

import numpy as np

from pnas.search.strategies.base import SearchHistory, StrategyContext
from pnas.search.strategies.mutation import mutated
from pnas.search.strategies.nsga2 import Population
from pnas.search.strategies.sampling_specs import EvolutionSpec
from pnas.search.strategies.sampling_strategy import SamplingStrategy
from pnas.state_space import Cell

Alive = Sequence[tuple[Cell, float]]

_ATTEMPTS = 100
"""Mutations of one parent that were all proposed before, after which a random cell is taken."""


class Evolution(SamplingStrategy):
    """Proposes a population of random cells, then mutations of the best of a few living children.

    The children trained last are the ones alive, so that a cell that was good by luck dies of age.
    No cell is trained twice: a mutation that was proposed before is sampled again.

    Of several objectives, those alive are the best of all children by rank and crowding, as in
    NSGA-II (`pnas.search.strategies.nsga2`), and parents win by the same order.
    """

    stream = "evolution"

    def __init__(self, context: StrategyContext, history: SearchHistory) -> None:
        super().__init__(context, history)
        assert isinstance(context.spec, EvolutionSpec)
        self._spec = context.spec
        self._population: Population | None = None
        if context.objectives is not None:
            self._population = Population(context.objectives, self._spec.population)

    def next_cells(self, generator: np.random.Generator) -> list[Cell]:
        """See `SamplingStrategy.next_cells`."""
        if not self.closed:
            return self.sampler.sample(generator, self._spec.population)
        alive = self._alive()
        children: list[Cell] = []
        while len(children) < self._spec.batch and not self.is_over():
            children.extend(self._child(alive, generator))
        return children

    def next_cell(self, generator: np.random.Generator) -> list[Cell]:
        """See `SamplingStrategy.next_cell`."""
        return [] if self.is_over() else self._child(self._alive(), generator)

    def _alive(self) -> Alive:
        """Return the cells that may become parents, each with what the higher of two wins by."""
        if self._population is None:
            return self.last_rewarded(self._spec.population)
        return self._population.after(self.closed)

    def _child(self, alive: Alive, generator: np.random.Generator) -> list[Cell]:
        """Return one new cell; none if no cell is left."""
        if not alive:  # every child has failed, or none has ended
            return self.sampler.sample(generator, 1)
        parent = self._parent(alive, generator)
        for _ in range(_ATTEMPTS):
            child = mutated(self.space, parent, generator)
            if self.sampler.may_take(child):
                self.sampler.take(child)
                return [child]
        return self.sampler.sample(generator, 1)

    def _parent(self, alive: Alive, generator: np.random.Generator) -> Cell:
        """Return the best of a random sample of the living children."""
        size = min(self._spec.sample, len(alive))
        sampled = generator.choice(len(alive), size=size, replace=False)
        best = max((alive[i] for i in sampled), key=lambda pair: pair[1])
        return best[0]
