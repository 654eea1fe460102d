"""`executor.measure_on`: latency is measured on the nodes of a cluster that are tagged for it."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest
from support.command import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def test_children_are_measured_on_tagged_nodes_alone() -> None:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    script = ROOT / "tests" / "support" / "ray_nodes.py"
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured, trained, refusal = (json.loads(line) for line in done.stdout.splitlines())
    assert measured == ["phone"] * 4
    assert len(trained) == 4
    assert set(trained) <= {"desk", "phone"}
    assert refusal.startswith("executor.measure_on: must be a resource of a node of the cluster")
