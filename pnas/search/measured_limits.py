"""`MeasuredLimits`: how probable it is that a candidate keeps constraints on what is measured.

A candidate that is known to break one is not trained (`pnas.search.measurements`). Before it is
measured its value is predicted, by a predictor of the same kind as the controller's that learns the
logarithms of all values measured so far, also of cells that were left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pnas.objectives import Objective, ObjectiveSet
from pnas.predictors import ControllerSpec
from pnas.search.log_predictor import LogPredictor, fit_log_predictor
from pnas.search.objective_source import GetFacts
from pnas.search.selection import Floats
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace, Tokens

_FEWEST_CELLS = 4
"""Measured cells below which a predictor has nothing to learn from."""


@dataclass(frozen=True)
class MeasuredLimits:
    """Constraints on objectives that are measured.

    Attributes:
        objectives: The objectives.
        limits: Largest value of each by name; smallest, where it is maximised.
        after: Returns what is known of a cell whose child has ended.
    """

    objectives: ObjectiveSet
    limits: Mapping[str, float]
    after: GetFacts

    def fit(
        self,
        space: SlotSpace,
        controller: ControllerSpec,
        cells: Sequence[Cell],
        stage: int,
        seed: int,
    ) -> "PredictedLimits":
        """Return what predicts the constraints after ``stage`` stages.

        Args:
            space: Space of the cells.
            controller: Settings of the predictors.
            cells: Cells whose children have ended.
            stage: Number of the last stage.
            seed: Seed of the search.
        """
        predictors = {}
        for name, objective in self.objectives.by_name.items():
            measured, values = self._measured(objective, cells)
            if len(measured) >= _FEWEST_CELLS:
                own_seed = derive_seed(seed, "constraint", name, stage)
                predictors[name] = fit_log_predictor(
                    space, controller, measured, values, stage, own_seed
                )
        return PredictedLimits(self, predictors, controller.chunk)

    def count_measured(self, cells: Sequence[Cell]) -> int:
        """Return how many values of ``cells`` are known, of all objectives together."""
        objectives = self.objectives.by_name.values()
        return sum(len(self._measured(objective, cells)[0]) for objective in objectives)

    def _measured(
        self, objective: Objective, cells: Sequence[Cell]
    ) -> tuple[list[Cell], list[float]]:
        """Return those of ``cells`` of which ``objective`` is known, and its values."""
        measured = []
        values = []
        for cell in cells:
            value = objective.value(self.after(cell))
            if value is not None:
                measured.append(cell)
                values.append(value)
        return measured, values


@dataclass(frozen=True)
class PredictedLimits:
    """Constraints as they are predicted.

    Attributes:
        limits: The constraints.
        predictors: A fitted predictor of each; none of one that too little is known of.
        chunk: Number of cells predicted at a time.
    """

    limits: MeasuredLimits
    predictors: Mapping[str, LogPredictor]
    chunk: int

    def probability(self, tokens: Tokens) -> Floats:
        """Return the probability of each cell, (n,), to keep all constraints."""
        probability = np.ones(len(tokens))
        for name, predictor in self.predictors.items():
            limit = self.limits.limits[name]
            below = predictor.probability_below(limit, tokens, self.chunk)
            is_maximised = self.limits.objectives.by_name[name].is_maximised
            probability *= 1 - below if is_maximised else below
        return probability
