"""`python run.py ...` inside the test's process: the same code, without the seconds an interpreter
takes.
"""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
RUN = ROOT / "run.py"


def _load_run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["run"] = module
    spec.loader.exec_module(module)
    return module


def run_here(*overrides: str) -> int:
    """Run the command in this process; its exit code."""
    module = sys.modules.get("run") or _load_run()
    before = sys.argv
    handler = signal.getsignal(signal.SIGINT)
    sys.argv = [str(RUN), *overrides]
    try:
        return int(module.main())
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    finally:
        sys.argv = before
        signal.signal(signal.SIGINT, handler)


def start(overrides: Sequence[str], cwd: Path) -> "subprocess.Popen[str]":
    """Start the command as a user does, in a process group of its own."""
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.Popen(
        [sys.executable, str(RUN), *overrides],
        cwd=cwd,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def run_apart(*overrides: str, cwd: Path) -> tuple[int, str, str]:
    """Run the command in a process of its own: (exit code, standard output, standard error)."""
    process = start(overrides, cwd)
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err
