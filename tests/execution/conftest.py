"""One Ray cluster of this machine for all tests that need one: starting it takes seconds."""

import importlib.util
import os
from collections.abc import Iterator

import pytest
from support.command import ROOT

from pnas.execution import ExecutorSpec


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """Ray, connected; its workers can import the tests' support modules. Skips where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    from pnas.execution.ray_executor import connect, import_ray

    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests"), before or ""])
    ray = import_ray(alone=True)
    connect(ray, ExecutorSpec("ray", workers=2), threads=1)
    yield
    ray.shutdown()
    os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
