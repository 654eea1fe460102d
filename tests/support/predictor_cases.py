"""A small space, small predictors, and rewards that can be learned."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from pnas.predictors import ControllerSpec
from pnas.state_space import Cell, StateSpace

OPERATORS = ("3x3 conv", "3x3 dconv", "3x3 maxpool", "identity")
WORTH = dict(zip(OPERATORS, (0.9, 0.7, 0.4, 0.2), strict=True))

MakeSpec = Callable[..., ControllerSpec]


def worth(cell: Cell) -> float:
    """The mean worth of a cell's operators, a little more for each input that is a block or close
    by.
    """
    operators = np.mean([WORTH[operator] for block in cell.blocks for operator in block[1::2]])
    return float(
        operators + 0.02 * np.mean([source for block in cell.blocks for source in block[::2]])
    )


@pytest.fixture
def space() -> StateSpace:
    return StateSpace(3, OPERATORS)


@pytest.fixture(params=["lstm", "mlp", "lstm_ensemble", "mlp_ensemble"])
def spec(request: pytest.FixtureRequest) -> ControllerSpec:
    """Every predictor, small and quickly fitted."""
    return small(request.param)


def small(name: str = "lstm", **changes: object) -> ControllerSpec:
    return replace(ControllerSpec.named(name), embedding=8, hidden=16, steps=60, **changes)


@pytest.fixture
def make_spec() -> MakeSpec:
    return small


@pytest.fixture
def reward() -> Callable[[Cell], float]:
    return worth
