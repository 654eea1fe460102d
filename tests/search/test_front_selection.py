"""Children of a stage chosen by expected hypervolume improvement."""

import numpy as np
import pytest
from support.fake_children import fake_reward
from support.fake_objectives import fake_source

from pnas.predictors import ControllerSpec, make_predictor
from pnas.search import RefinedSpec, StrategyContext, front_selection
from pnas.search.selection import Selection
from pnas.search.strategies.front_of_history import FrontOfHistory
from pnas.state_space import Candidates, Cell, StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1)  # 6 and 126 cells
SPEC = RefinedSpec(objectives=["reward", "params"], max_children=60)


def test_what_may_not_be_trained_costs_no_improvements(monkeypatch: pytest.MonkeyPatch) -> None:
    """The front is the same before and after a candidate that may not be trained."""
    computed = []
    compute = front_selection.expected_improvement

    def counted(gains: list[np.ndarray], *more: np.ndarray) -> np.ndarray:
        computed.append(len(gains[0]))
        return compute(gains, *more)

    monkeypatch.setattr(front_selection, "expected_improvement", counted)
    asked: list[Cell] = []

    def is_feasible(cell: Cell) -> bool:
        asked.append(cell)
        return fake_reward(f"size of {cell}") < 0.05

    trained = SPACE.initial_children()
    rewarded = [(cell, fake_reward(str(cell))) for cell in trained]
    predictor = make_predictor(SPACE, ControllerSpec())
    predictor.fit(SPACE.encode(trained), [reward for _, reward in rewarded], 1, 0)
    (tokens,) = SPACE.iter_cells(2)
    context = StrategyContext(
        SPEC, SPACE, ControllerSpec(), 0, objectives=fake_source(SPEC.objectives)
    )
    selection = Selection(K=2, is_feasible=is_feasible)
    generation = (
        FrontOfHistory(context)
        .select(selection, [rewarded])
        .choose(SPACE, predictor, Candidates(tokens, len(tokens)), np.random.default_rng(0))
    )
    assert len(generation.cells) == 2
    assert len(asked) > 20
    assert all(map(is_feasible, generation.cells))
    # All candidates over the first front, and over the one with the first choice.
    assert sum(computed) <= 2 * len(tokens)
