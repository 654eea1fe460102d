"""`search=progressive_random`: the progressive search without its predictor, a baseline for it."""

import time
from itertools import islice

import numpy as np

from pnas.controller.candidate_scoring import exclude_cells, feasible_rows
from pnas.search.strategies.base import Proposal, SearchHistory, StrategyContext
from pnas.search.strategies.stage_history import StageHistory, rewarded
from pnas.seeds import derive_seed
from pnas.state_space import Candidates, Cell


class ProgressiveRandom(StageHistory):
    """Proposes K random ones of the extensions of the last stage's cells."""

    def __init__(self, context: StrategyContext, history: SearchHistory) -> None:
        super().__init__(history)
        self._context = context
        self._space = context.space

    def ask(self) -> Proposal | None:
        """See `pnas.search.Strategy.ask`."""
        if not self.closed:
            return self._initial_stage()
        parents = [cell for cell, _ in rewarded(self.closed[-1])]
        if self.is_over() or not parents:
            return None
        return self._extensions(parents)

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return len(self.closed) >= self._space.B

    def _initial_stage(self) -> Proposal:
        cells = self._space.initial_children()
        self.open = [cell for cell in cells if self._context.may_train(cell)]
        return Proposal.unscored(self.open)

    def _extensions(self, parents: list[Cell]) -> Proposal | None:
        started = time.perf_counter()
        expanded = self._space.expand(parents)
        candidates = exclude_cells(self._space, expanded, self.asked_cells())
        self.open = self._sample(candidates)
        if not self.open:
            return None
        return Proposal(
            cells=self.open,
            predictions=None,
            candidates_scored=candidates.generated,
            unique_candidates=len(candidates.tokens),
            seconds=time.perf_counter() - started,
        )

    def _sample(self, candidates: Candidates) -> list[Cell]:
        seed = derive_seed(self._context.seed, "extensions", self.next_stage)
        generator = np.random.default_rng(seed)
        tokens = candidates.tokens
        shuffled = generator.permutation(len(tokens)).tolist()
        feasible = feasible_rows(self._space, tokens, shuffled, self._context.is_feasible)
        rows = list(islice(feasible, self._context.controller.K))
        return self._space.decode(tokens[rows])
