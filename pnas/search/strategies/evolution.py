"""`search=evolution`: regularized evolution (Real et al., arXiv 1802.01548)."""

import time
from collections.abc import Sequence

import numpy as np

from pnas.controller.candidate_scoring import Feasibility
from pnas.search.strategies.base import Proposal
from pnas.search.strategies.mutation import mutated
from pnas.search.strategies.sampling_strategy import SamplingStrategy
from pnas.search.strategies.unique_sampler import UniqueSampler
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace

_PATIENCE = 100
"""Mutations of one parent that were all trained before, after which a random cell takes their place."""


class Evolution(SamplingStrategy):
    """A population of random cells of B blocks first; then mutations of the best of a few drawn from it.

    The population is the children trained last, so that whatever is good by luck dies of age. A cell is trained
    once: mutations that were asked for before are drawn again.

    Args:
        space: where cells come from.
        population: how many are alive.
        sample: how many of them are drawn to find one parent.
        batch: how many children make a stage; their parents are those that were alive before it.
        seed: of the search.
        allows: says of a cell whether it may be trained; None: any may.
    """

    def __init__(
        self,
        space: SlotSpace,
        population: int,
        sample: int,
        batch: int,
        seed: int,
        is_feasible: Feasibility | None = None,
    ) -> None:
        super().__init__(UniqueSampler(space, space.B, is_feasible))
        self._space = space
        self._seed = seed
        self._population = population
        self._sample = sample
        self._batch = batch

    def ask(self) -> Proposal | None:
        started = time.perf_counter()
        generator = np.random.default_rng(
            derive_seed(self._seed, "evolution", len(self.stages) + 1)
        )
        self.open = (
            self._children(generator)
            if self.stages
            else self.draws.draw(generator, self._population)
        )
        seconds = time.perf_counter() - started
        return Proposal(self.open, None, 0, len(self.open), seconds) if self.open else None

    def _children(self, generator: np.random.Generator) -> list[Cell]:
        told = [pair for stage in self.stages for pair in zip(*stage, strict=True)]
        alive = [(cell, reward) for cell, reward in told if reward is not None][-self._population :]
        children: list[Cell] = []
        while len(children) < self._batch and not self.is_over():
            children += self._child(alive, generator)
        return children

    def _child(
        self, alive: Sequence[tuple[Cell, float]], generator: np.random.Generator
    ) -> list[Cell]:
        if not alive:  # all have failed
            return self.draws.draw(generator, 1)
        drawn = generator.choice(len(alive), size=min(self._sample, len(alive)), replace=False)
        parent = max((alive[i] for i in drawn), key=lambda pair: pair[1])[0]
        for _ in range(_PATIENCE):
            child = mutated(self._space, parent, generator)
            if self.draws.may_take(child):
                self.draws.take(child)
                return [child]
        return self.draws.draw(generator, 1)
