"""`PredictedFront`: what is expected of candidates in all objectives of a search.

Objectives that are known before training are exact. The reward is predicted by the controller's
predictor, and every other objective by one of the same kind that learns its logarithm.
"""

import math
from collections.abc import Mapping

import numpy as np

from pnas.objectives import REWARD, Objective
from pnas.objectives.dominance import Points
from pnas.predictors import ControllerSpec
from pnas.search.log_predictor import LogPredictor, fit_log_predictor
from pnas.search.objective_source import ObjectiveSource, Outcomes
from pnas.search.selection import Floats
from pnas.seeds import derive_seed
from pnas.state_space import SlotSpace, Tokens


class PredictedFront:
    """Predicts the objectives of cells from those of the cells trained so far.

    Args:
        source: Where values come from.
        space: Space of the cells.
        controller: Settings of the predictors.
        seed: Seed of the search.
    """

    def __init__(
        self, source: ObjectiveSource, space: SlotSpace, controller: ControllerSpec, seed: int
    ) -> None:
        self._source = source
        self._space = space
        self._controller = controller
        self._seed = seed
        # Counting a network takes a while, and the rounds of a search ask for the same cells.
        self._known: dict[bytes, list[float]] = {}
        self._fitted: dict[tuple[int, int], dict[str, LogPredictor]] = {}

    def fit(self, outcomes: Outcomes, stage: int) -> dict[str, LogPredictor]:
        """Return a predictor of each objective that is neither the reward nor known before.

        Args:
            outcomes: The cells trained so far.
            stage: Number of the last stage. Its predictors are fitted once to the same outcomes.
        """
        # Cells of a stage may still end when the next one has begun (`search.asynchronous`).
        fitted_to = (stage, len(outcomes.cells))
        if fitted_to in self._fitted:
            return self._fitted[fitted_to]
        fitted = {}
        for name, objective in self._source.objectives.by_name.items():
            if name == REWARD or objective.is_known_before:
                continue
            fitted[name] = fit_log_predictor(
                self._space,
                self._controller,
                outcomes.cells,
                outcomes.column(name),
                stage,
                seed=derive_seed(self._seed, "objective", name, stage),
            )
        # Those of earlier stages are not asked for again.
        self._fitted = {fitted_to: fitted}
        return fitted

    def expect(
        self, tokens: Tokens, reward: Floats, predictors: Mapping[str, LogPredictor]
    ) -> list[Points]:
        """Return equally likely gains of cells in each objective, (n, quantiles) each.

        Args:
            tokens: The cells, (n, blocks, slots).
            reward: Equally likely rewards of each, (n, quantiles).
            predictors: See `fit`.
        """
        known = self._known_values(tokens)
        gains: list[Points] = []
        objectives = self._source.objectives
        for sign, (name, objective) in zip(
            objectives.signs, objectives.by_name.items(), strict=True
        ):
            values: Floats
            if name == REWARD:
                values = reward
            elif objective.is_known_before:
                values = known[name][:, None]
            else:
                values = predictors[name].quantiles(tokens, self._controller.chunk)
            gains.append(np.asarray(sign * values, np.float64))
        return gains

    def _known_values(self, tokens: Tokens) -> dict[str, Points]:
        known = self._source.known_before()
        if not known:
            return {}
        rows = [self._values_of(row, known) for row in tokens]
        columns = np.asarray(rows, np.float64).reshape(-1, len(known)).T
        return dict(zip(known, columns, strict=True))

    def _values_of(self, row: Tokens, known: Mapping[str, Objective]) -> list[float]:
        key = row.tobytes()
        if key not in self._known:
            cell = self._space.decode(row[None])[0]
            facts = self._source.before(cell)
            values = [each.value(facts) for each in known.values()]
            # The first cells were checked before the search began (`pnas.searching.objectives`).
            self._known[key] = [math.nan if value is None else float(value) for value in values]
        return self._known[key]
