"""One Ray cluster of this machine for all tests that need one: starting it takes seconds."""

import importlib.util
import os
from collections.abc import Iterator

import pytest
from support.command import ROOT


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """Ray, connected, whose workers can import the tests' support modules.

    Skips where Ray is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    from pnas.execution.ray_cluster import connect, import_ray

    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests"), before or ""])
    ray = import_ray(on_this_machine=True)
    connect(ray, address=None, cores=2)
    yield
    ray.shutdown()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before
