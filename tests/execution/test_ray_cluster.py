"""Ray before any work starts: not imported unless chosen, and refused where it cannot serve."""

import importlib.util
import socket
import subprocess
import sys

import pytest
from support.command import ROOT

from pnas.errors import InvalidValue
from pnas.execution import RaySpec, check_executor


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
