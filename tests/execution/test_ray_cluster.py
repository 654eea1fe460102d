"""Ray before any work starts: not imported unless chosen, and refused where it cannot serve."""

import importlib.util
import socket
import subprocess
import sys
import time
from typing import Any

import pytest
from support.command import ROOT

from pnas.errors import InvalidValue
from pnas.execution import RaySpec, check_executor
from pnas.execution.ray_executor import RayAttempt, RayExecutor
from pnas.records import ChildJob
from pnas.state_space import Cell


def test_ray_is_not_imported_unless_chosen() -> None:
    code = "import sys, pnas.execution, pnas.execution.ray_executor; sys.exit('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_ray_is_refused_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InvalidValue, match=r"executor: .*pip install -e '.\[ray\]'"):
        check_executor(RaySpec())


@pytest.mark.parametrize(
    "address", ["nowhere", "host:port", "127.0.0.1:{free}", "ray://127.0.0.1:{free}", ":1"]
)
def test_a_cluster_that_does_not_answer_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    rule = r"executor\.address: must be the address of a Ray cluster"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(InvalidValue, match=rule):
            check_executor(RaySpec(address=address.format(free=port)))


class LostWithRay(Exception):
    """What Ray raises for an attempt that it has lost."""


class OutOfMemory(LostWithRay):
    """What it raises for one that it stopped because memory ran out."""


class RayThatLoses:
    """Stands in for Ray: every attempt is lost by one error."""

    class exceptions:
        RayError = LostWithRay
        OutOfMemoryError = OutOfMemory

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get(self, reference: object) -> Any:
        raise self._error


@pytest.mark.parametrize("seconds", [10.0, 90.0])
@pytest.mark.parametrize("error", [LostWithRay("node died"), OutOfMemory("low on memory")])
def test_out_of_memory_is_no_timeout_however_long_an_attempt_waited(
    error: Exception, seconds: float
) -> None:
    executor = RayExecutor(lambda: None, RaySpec(child_timeout=60.0))
    executor.__dict__["_ray"] = RayThatLoses(error)
    job = ChildJob(Cell.parse("(-1, identity, -1, identity)"), 0)
    lost = executor._outcome(RayAttempt(object(), time.monotonic() - seconds), job)
    is_memory = isinstance(error, OutOfMemory)
    assert lost.out_of_memory == is_memory
    assert ("child_timeout" in lost.reason) == (seconds > 60 and not is_memory)
