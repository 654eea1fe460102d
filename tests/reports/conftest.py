import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from pnas.records import Status
from pnas.reports import ScoredCell
from pnas.state_space import Cell


@pytest.fixture
def scored() -> Callable[..., ScoredCell]:
    """Makes a cell of ``blocks`` blocks with the given facts."""

    def make(
        reward: float | None = None, predicted: float | None = None, blocks: int = 1, **more: object
    ) -> ScoredCell:
        cell = Cell([(-1, "3x3 dconv", -2, "identity")] * blocks)
        status = Status.OK if reward is not None else None
        return replace(ScoredCell(cell, reward, predicted, blocks, status), **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def search(scored: Callable[..., ScoredCell]) -> list[ScoredCell]:
    """A small search: 6 children at b=1, 5 at b=2 and 3 at b=3, one of which failed."""
    stages = [
        [scored(0.5 + 0.05 * i) for i in range(6)],
        [scored(0.6 + 0.04 * i, 0.7 - 0.02 * i, 2) for i in range(5)],
        [
            scored(0.8, 0.6, 3),
            scored(None, 0.7, 3, status=Status.FAILED, error="out of memory"),
            scored(0.7, 0.5, 3),
        ],
    ]
    return [cell for stage in stages for cell in stage]


@pytest.fixture
def imported() -> Callable[[str], set[str]]:
    """Runs code in a fresh interpreter and tells which modules are loaded at its end."""

    def run(code: str) -> set[str]:
        code += "\nimport sys; print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        return set(done.stdout.split())

    return run
