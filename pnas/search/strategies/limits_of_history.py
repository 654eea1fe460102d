"""`LimitsOfHistory`: what strategies with a predictor know of constraints on what is measured."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pnas.search.measured_limits import PredictedLimits
from pnas.search.objective_errors import errors_of
from pnas.search.selection import Selection
from pnas.search.strategies.base import StrategyContext
from pnas.seeds import derive_seed
from pnas.state_space import Cell


class LimitsOfHistory:
    """Makes a selection prefer candidates that are likely to keep the constraints.

    Args:
        context: What the strategy is made of.
    """

    def __init__(self, context: StrategyContext) -> None:
        self._context = context
        self._limits = context.limits
        # The diagnosis of a stage asks for the predictors that chose its cells.
        self._fitted_to: tuple[int, int] | None = None
        self._predicted: PredictedLimits | None = None

    @property
    def are_wanted(self) -> bool:
        """Whether there are such constraints."""
        return self._limits is not None

    def select(self, selection: Selection, trained: Sequence[Cell], stage: int) -> Selection:
        """Return ``selection`` weighted by the probability to keep the constraints, or as it is.

        Args:
            selection: What is chosen, and how.
            trained: Cells whose children have ended.
            stage: Number of the last stage.
        """
        if self._limits is None:
            return selection
        return replace(selection, feasibility=self._fit(trained, stage).probability)

    def errors(self, trained: Sequence[Cell], stage: int, cells: Sequence[Cell]) -> dict[str, Any]:
        """Return how well the measured values of ``cells`` were predicted after ``stage`` stages.

        See `pnas.search.objective_errors.errors_of`.
        """
        if self._limits is None:
            return {}
        context = self._context
        return errors_of(
            self._fit(trained, stage).predictors,
            self._limits.objectives.by_name,
            self._limits.after,
            context.space,
            cells,
            chunk=context.controller.chunk,
            seed=derive_seed(context.seed, "constraint errors", stage),
        )

    def _fit(self, trained: Sequence[Cell], stage: int) -> PredictedLimits:
        assert self._limits is not None
        # Cells of a stage may still end when the next one has begun (`search.asynchronous`).
        fitted_to = (stage, self._limits.count_measured(trained))
        if self._predicted is None or self._fitted_to != fitted_to:
            context = self._context
            self._predicted = self._limits.fit(
                context.space, context.controller, trained, stage, context.seed
            )
            self._fitted_to = fitted_to
        return self._predicted
