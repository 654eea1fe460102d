"""The strategy of docs/examples: found by its name, and resumable like the package's own."""

from pathlib import Path

import pytest

from pnas.extensions import VARIABLE
from pnas.predictors import ControllerSpec
from pnas.search import (
    STRATEGIES,
    ClosedStage,
    SearchHistory,
    StrategyContext,
    make_search_spec,
    make_strategy,
)
from pnas.state_space import NASBench201Space

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "my_strategy.py"
SPACE = NASBench201Space(2)


@pytest.fixture(autouse=True)
def extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(EXAMPLE))


def reward(cell: object) -> float:
    """More convolutions are better."""
    return str(cell).count("conv") / 10


def context(seed: int = 0) -> StrategyContext:
    spec = make_search_spec({"kind": "hill_climbing", "max_children": 30})
    return StrategyContext(spec, SPACE, ControllerSpec(), seed)


def test_it_is_in_the_registry() -> None:
    assert "hill_climbing" in STRATEGIES.names()


def test_it_climbs_and_never_repeats_a_cell() -> None:
    strategy = make_strategy(context())
    cells = []
    while len(cells) < 30:
        proposal = strategy.ask()
        assert proposal is not None
        cells.extend(proposal.cells)
        strategy.tell([reward(cell) for cell in proposal.cells])
    assert len(set(cells)) == len(cells)
    assert max(map(reward, cells)) == max(map(reward, SPACE.decode(next(SPACE.iter_cells(2)))))


def test_it_goes_on_from_its_history_alone() -> None:
    strategy = make_strategy(context())
    closed: list[ClosedStage] = []
    for _ in range(8):
        resumed = make_strategy(context(), SearchHistory(closed))
        again = resumed.ask()
        proposal = strategy.ask()
        assert proposal is not None
        assert again is not None
        assert list(proposal.cells) == list(again.cells)
        rewards = [reward(cell) for cell in proposal.cells]
        strategy.tell(rewards)
        closed.append(ClosedStage(list(proposal.cells), rewards))
