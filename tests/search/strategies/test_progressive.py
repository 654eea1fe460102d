"""How the choice of a progressive search is judged when its children have ended."""

from typing import Any

import pytest
from support.fake_children import fake_reward

from pnas.predictors import ControllerSpec
from pnas.search import (
    ClosedStage,
    OpenStage,
    ProgressiveSpec,
    SearchHistory,
    StrategyContext,
    make_strategy,
)
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1)


def quality(K: int, probe: int, children: int) -> dict[str, Any]:
    """Return how a stage of so many children is judged by a strategy of these settings."""
    first = SPACE.initial_children()
    cells = SPACE.decode(SPACE.expand(first).tokens[:children])
    closed = ClosedStage(first, [fake_reward(str(cell)) for cell in first])
    opened = OpenStage(cells, [0.9 - 0.1 * place for place in range(children)])
    context = StrategyContext(ProgressiveSpec(probe=probe), SPACE, ControllerSpec(K=K), seed=0)
    strategy = make_strategy(context, SearchHistory([closed], opened))
    learned = strategy.tell([fake_reward(str(cell)) for cell in cells])
    assert learned is not None
    return dict(learned["selection_quality"])


@pytest.mark.parametrize(
    ("K", "probe", "children", "chosen"),
    [
        (4, 0, 4, 4),
        (4, 2, 6, 4),
        # A rung was dropped since, so that K is lower than when the stage was chosen.
        (2, 0, 6, 6),
        (2, 2, 6, 4),
        # The stage was cut short, or there were no more candidates.
        (4, 2, 5, 4),
        (4, 2, 3, 3),
    ],
)
def test_the_probe_is_what_was_asked_for(K: int, probe: int, children: int, chosen: int) -> None:
    judged = quality(K, probe, children)
    assert judged["chosen"]["n"] == chosen
    in_probe = 0 if judged["probe"] is None else judged["probe"]["n"]
    assert in_probe == children - chosen
