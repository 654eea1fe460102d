"""`FrontSelection`: the children of a stage chosen by expected hypervolume improvement.

The choice of a batch is greedy: each chosen candidate joins the front with what is expected of it,
before the next one is chosen, so that a batch spreads along the front.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pnas.objectives import REWARD
from pnas.objectives.dominance import Points
from pnas.predictors.base import Predictor
from pnas.search.hypervolume_improvement import Gains, expected_improvement, highest_gains
from pnas.search.log_predictor import predict_quantiles
from pnas.search.objective_source import Outcomes
from pnas.search.predicted_front import PredictedFront
from pnas.search.selection import Floats, Selection, predict_mean_std_in_chunks
from pnas.state_space import SlotSpace, Tokens

Rows = NDArray[np.intp]
Improvement = Callable[[Rows, Points], Floats]
"""Returns the expected improvement of each of some rows over a front, (rows,)."""

_MOST_CANDIDATES = 20_000
"""Candidates whose networks are counted; more would take longer than training their best."""

_BLOCK = 256
"""Candidates whose improvement is computed anew at a time."""


@dataclass(frozen=True)
class FrontSelection(Selection):
    """How children are chosen from candidates where there are several objectives.

    The weight ``uncertainty`` scales the predictive standard deviation of the reward: with 0 the
    improvement is that of the expected rewards, with 1 it is the expected one.

    Attributes:
        front: Predicts the objectives.
        outcomes: The cells trained so far.
        reference: Reference point of hypervolumes, by objective.
        stage: Number of the last stage.
    """

    front: PredictedFront = field(kw_only=True)
    outcomes: Outcomes = field(kw_only=True)
    reference: dict[str, float] = field(kw_only=True)
    stage: int = field(kw_only=True)

    def acquisition(
        self, space: SlotSpace, predictor: Predictor, tokens: Tokens, mean: Floats, std: Floats
    ) -> Floats:
        """See `Selection.acquisition`; the value is minus the place in the order of the choice."""
        rows = _shortlist(mean + std)
        # Of equal improvements, zero above all, the one of higher reward comes first.
        rows = rows[np.argsort(-mean[rows], kind="stable")]
        predictors = self.front.fit(self.outcomes, self.stage)
        reward = predict_quantiles(predictor, tokens[rows], self.chunk, self.uncertainty)
        gains = self.front.expect(tokens[rows], reward, predictors)

        trained = space.encode(list(self.outcomes.cells))
        posterior = predict_mean_std_in_chunks(predictor, trained, self.chunk)
        current = self._current_front(posterior[0])
        order = self._order(space, tokens[rows], gains, current)
        values = np.full(len(tokens), -float(len(tokens)))
        values[rows[order]] = -np.arange(len(order))
        return values

    def _current_front(self, rewards: Floats) -> Points:
        """Return the points of the trained cells.

        Rewards are the posterior means: the highest of many noisy rewards is too high.
        """
        objectives = self.outcomes.objectives
        points = self.outcomes.points
        points[:, objectives.names.index(REWARD)] = rewards
        return points

    def _order(self, space: SlotSpace, tokens: Tokens, gains: Gains, front: Points) -> list[int]:
        """Return the candidates, the greedily chosen ones first."""
        corner = self.outcomes.objectives.points([self.reference])[0]
        probability = None if self.feasibility is None else self.feasibility(tokens)
        top = highest_gains(gains)

        def improvement(rows: Rows, points: Points) -> Floats:
            of_rows = [each[rows] for each in gains]
            expected = expected_improvement(of_rows, points, corner, top)
            return expected if probability is None else expected * probability[rows]

        expected = np.stack([each.mean(axis=1) for each in gains], axis=1)
        count = len(tokens) if self.K is None else min(self.K, len(tokens))
        bounds = improvement(np.arange(len(tokens)), front)
        initial = np.argsort(-bounds, kind="stable")
        if self.K is None:
            return [int(row) for row in initial]

        chosen: list[int] = []
        is_current = np.ones(len(tokens), bool)
        while len(chosen) < count:
            best = _best_of(bounds, is_current, front, improvement)
            if best is None:
                break
            bounds[best] = -np.inf
            if self.is_feasible is None or self.is_feasible(space.decode(tokens[[best]])[0]):
                chosen.append(best)
                front = np.concatenate([front, expected[[best]]])
                is_current[:] = False
        taken = set(chosen)
        return [*chosen, *(row for row in initial.tolist() if row not in taken)]


def _best_of(
    bounds: Floats, is_current: NDArray[np.bool_], front: Points, improvement: Improvement
) -> int | None:
    """Return the row of highest improvement, None if no row is left.

    A larger front leaves less to improve, so that a value computed earlier is a bound: what is
    below the best new value need not be computed again.

    Args:
        bounds: Improvement of each row over an earlier front, -inf for rows that are out. Those
            that are computed again are lowered to their new value.
        is_current: Which rows have their improvement over ``front`` already: all where the last
            best one may not be trained. Those that are computed are set.
        front: Points of the front.
        improvement: Computes improvements.
    """
    order = np.argsort(-bounds, kind="stable")
    order = order[np.isfinite(bounds[order])]
    best = None
    for first in range(0, len(order), _BLOCK):
        rows = order[first : first + _BLOCK]
        if best is not None and bounds[rows[0]] <= bounds[best]:
            break
        outdated = rows[~is_current[rows]]
        if len(outdated):
            bounds[outdated] = improvement(outdated, front)
            is_current[outdated] = True
        highest = int(rows[np.argmax(bounds[rows])])
        if best is None or bounds[highest] > bounds[best]:
            best = highest
    return best


def _shortlist(values: Floats) -> Rows:
    """Return the rows of at most `_MOST_CANDIDATES`: the best by reward, and random ones."""
    count = len(values)
    if count <= _MOST_CANDIDATES:
        return np.arange(count)
    ranked = np.argsort(-values, kind="stable")
    half = _MOST_CANDIDATES // 2
    others = np.random.default_rng(0).permutation(ranked[half:])[:half]
    return np.sort(np.concatenate([ranked[:half], others]))
