"""`FrontOfHistory`: what strategies with a predictor know of several objectives."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from pnas.objectives.dominance import best_first
from pnas.search.front_selection import FrontSelection
from pnas.search.objective_errors import errors_of
from pnas.search.objective_source import Outcomes
from pnas.search.predicted_front import PredictedFront
from pnas.search.selection import Selection
from pnas.search.strategies.base import StrategyContext
from pnas.seeds import derive_seed
from pnas.state_space import Cell

RewardedCells = Sequence[tuple[Cell, float]]

_FEWEST_CELLS = 2
"""Cells below which a predictor has nothing to learn from."""


class FrontOfHistory:
    """Turns a selection by reward into one by all objectives, where there are several.

    Args:
        context: What the strategy is made of.
    """

    def __init__(self, context: StrategyContext) -> None:
        self._context = context
        self._source = context.objectives
        self._B = context.space.B
        if self._source is not None:
            self._predicted = PredictedFront(
                self._source, context.space, context.controller, context.seed
            )

    @property
    def is_wanted(self) -> bool:
        """Whether there are several objectives."""
        return self._source is not None

    def best_first(self, rewarded: RewardedCells) -> list[Cell]:
        """Return cells, the non-dominated ones first; as they are where only rewards count."""
        if self._source is None:
            return [cell for cell, _ in rewarded]
        outcomes = self._source.outcomes(rewarded)
        order = best_first(outcomes.points)
        ranked = [outcomes.cells[row] for row in order]
        ranked_cells = set(ranked)
        # A cell of which an objective is not known may still be extended.
        rest = [cell for cell, _ in rewarded if cell not in ranked_cells]
        return [*ranked, *rest]

    def select(self, selection: Selection, stages: Sequence[RewardedCells]) -> Selection:
        """Return ``selection`` by expected hypervolume improvement, or as it is.

        Args:
            selection: What is chosen, and how by reward alone.
            stages: The cells that have a reward, with it, by stage.
        """
        if self._source is None:
            return selection
        reference = self._reference(stages)
        outcomes = self._outcomes(stages)
        if reference is None:
            return selection
        settings = {each.name: getattr(selection, each.name) for each in fields(Selection)}
        return FrontSelection(
            **settings,
            front=self._predicted,
            outcomes=outcomes,
            reference=reference,
            stage=len(stages),
        )

    def errors(self, stages: Sequence[RewardedCells], cells: Sequence[Cell]) -> dict[str, Any]:
        """Return how well objectives were predicted of ``cells`` after ``stages``.

        The reward is left out, of which the controller reports. See
        `pnas.search.objective_errors.errors_of`.
        """
        if self._source is None:
            return {}
        stage = len(stages)
        outcomes = self._outcomes(stages)
        if len(outcomes.cells) < _FEWEST_CELLS:
            return {}
        context = self._context
        return errors_of(
            self._predicted.fit(outcomes, stage),
            self._source.objectives.by_name,
            self._source.after,
            context.space,
            cells,
            chunk=context.controller.chunk,
            seed=derive_seed(context.seed, "objective errors", stage),
        )

    def _outcomes(self, stages: Sequence[RewardedCells]) -> Outcomes:
        assert self._source is not None
        rewarded = [pair for stage in stages for pair in stage]
        return self._source.outcomes(rewarded)

    def _reference(self, stages: Sequence[RewardedCells]) -> dict[str, float] | None:
        assert self._source is not None
        first = self._source.outcomes(stages[0])
        pairs = list(zip(first.facts, first.values, strict=True))
        stated = self._context.spec.reference
        return self._source.objectives.reference(pairs, self._B, stated)
