"""Searches, tables and exports killed while they work and while they end, in forks of a process."""

import subprocess
import sys

import pytest
from support.command import ROOT

SCRIPT = ROOT / "experiments" / "benchmarks" / "kill_at_every_step.py"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "kills"),
    [
        ("search by table", 10),
        ("confirmation by table", 10),
        ("front by table", 10),
        ("front, measured", 8),
        ("rungs by table", 10),
        ("rungs continued, serial", 10),
        ("early stop by table", 10),
        ("early stop, serial", 6),
        ("tabulate", 5),
        ("export", 8),
    ],
)
def test_whatever_step_a_command_is_killed_at_the_same_command_completes_it(
    scenario: str, kills: int
) -> None:
    command = [sys.executable, str(SCRIPT), "--kills", str(kills), "--scenarios", scenario]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 retrained, [], " in done.stdout + done.stderr
