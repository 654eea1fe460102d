"""`python -m pnas` is the command `pnas`, and its help speaks of the name that was typed."""

import subprocess
import sys
from pathlib import Path


def test_the_package_can_be_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pnas", "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "  python -m pnas [group=option ...] [key=value ...]" in done.stdout
    assert 'eval "$(python -m pnas -sc install=bash)"' in done.stdout
    assert "run.py" not in done.stdout
