"""What strategies know of constraints follows from what was measured by then."""

import numpy as np
from support.fake_objectives import facts_after

from pnas.objectives import Facts, make_objectives
from pnas.predictors import ControllerSpec
from pnas.search import RandomSpec, StrategyContext
from pnas.search.measured_limits import MeasuredLimits
from pnas.search.selection import Selection
from pnas.search.strategies.limits_of_history import LimitsOfHistory
from pnas.state_space import Cell, StateSpace

SPACE = StateSpace(1, ["3x3 conv", "identity", "3x3 maxpool"], -1)
CELLS = SPACE.initial_children()
LIMITS = {"train_seconds": 2.5}


def context(ended: set[Cell]) -> StrategyContext:
    """Return a context in which the children of the cells ``ended`` have ended."""

    def after(cell: Cell) -> Facts:
        return facts_after(cell) if cell in ended else Facts(cell)

    limits = MeasuredLimits(make_objectives(list(LIMITS)), LIMITS, after)
    return StrategyContext(
        RandomSpec(max_children=9), SPACE, ControllerSpec(), seed=0, limits=limits
    )


def probabilities(history: LimitsOfHistory) -> list[float]:
    feasibility = history.select(Selection(K=1), CELLS, 1).feasibility
    assert feasibility is not None
    return np.asarray(feasibility(SPACE.encode(CELLS))).tolist()


def test_a_cell_that_ends_within_a_stage_is_learned() -> None:
    ended = set(CELLS[:4])
    history = LimitsOfHistory(context(ended))
    before = probabilities(history)
    ended.update(CELLS)
    assert probabilities(history) != before
    assert probabilities(history) == probabilities(LimitsOfHistory(context(set(CELLS))))
