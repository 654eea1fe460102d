"""A small space, small predictors, and rewards that can be learned."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from pnas.predictors import ControllerSpec, named_spec
from pnas.state_space import Cell, StateSpace

OPERATORS = ("3x3 conv", "3x3 dconv", "3x3 maxpool", "identity")
VALUES = {"3x3 conv": 0.9, "3x3 dconv": 0.7, "3x3 maxpool": 0.4, "identity": 0.2}
SMALL = {"embedding": 8, "hidden": 16, "steps": 60}

MakeSpec = Callable[..., ControllerSpec]


def worth(cell: Cell) -> float:
    """Return the mean value of a cell's operators, a little more for near inputs and blocks."""
    operators = []
    sources = []
    for block in cell.blocks:
        operators += [VALUES[operator] for operator in block[1::2]]
        sources += list(block[::2])
    return float(np.mean(operators) + 0.02 * np.mean(sources))


def small(name: str = "lstm", **changes: Any) -> ControllerSpec:
    """Return the option ``name`` of conf/controller, small and quickly fitted."""
    spec = named_spec(name)
    read = {each.name for each in fields(spec)}
    sizes = {key: value for key, value in SMALL.items() if key in read}
    return replace(spec, **{**sizes, **changes})


@pytest.fixture
def space() -> StateSpace:
    return StateSpace(3, OPERATORS)


@pytest.fixture(params=["lstm", "mlp", "lstm_ensemble", "mlp_ensemble"])
def spec(request: pytest.FixtureRequest) -> ControllerSpec:
    """Every neural predictor."""
    return small(request.param)


@pytest.fixture
def make_spec() -> MakeSpec:
    return small


@pytest.fixture
def reward() -> Callable[[Cell], float]:
    return worth
