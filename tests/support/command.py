"""`python run.py ...` inside the test's process: the same code, without the seconds an interpreter
takes.
"""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO
from unittest.mock import patch

import yaml
from hydra._internal.hydra import Hydra
from omegaconf import OmegaConf
from omegaconf._utils import get_yaml_loader

import pnas.config
from pnas.config.groups import GROUPS

ROOT = Path(__file__).parents[2]
RUN = ROOT / "run.py"

_compose_for_mode = Hydra.get_mode
_load_file = OmegaConf.load
_register_schema = pnas.config.register_schema
_registered: list[tuple[str, str, type]] = []


def _load_run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["run"] = module
    spec.loader.exec_module(module)
    return module


def _mode_of(hydra: Hydra, config_name: str | None, overrides: list[str]) -> Any:
    """Hydra's mode, which it composes the whole configuration for, as it does for the job again.

    No file of conf/ sets ``hydra.mode``: without an override, the answer is known.
    """
    if any("hydra" in override for override in overrides):
        return _compose_for_mode(hydra, config_name, overrides)
    return None


def _register_schema_once() -> None:
    """Make the specifications known to Hydra, unless it knows these very ones already."""
    options = []
    for group in GROUPS.values():
        for name, spec in group.options():
            options.append((group.name, name, spec))
    if options != _registered:
        _register_schema()
        _registered[:] = options


@cache
def _parse(text: str) -> Any:
    return yaml.load(text, Loader=get_yaml_loader())


def _load_known(file: TextIO | str | Path) -> Any:
    """Read a YAML file as OmegaConf does, each text once: Hydra reads those of conf/ anew."""
    if isinstance(file, str | Path):
        return _load_file(file)
    parsed = _parse(file.read())
    if isinstance(parsed, dict):
        return OmegaConf.create(parsed)
    file.seek(0)
    return _load_file(file)


@contextmanager
def files_parsed_once() -> Iterator[None]:
    """Let Hydra compose with what was parsed before in this process."""
    with patch.object(OmegaConf, "load", _load_known):
        yield


def run_here(*overrides: str) -> int:
    """Run the command in this process; its exit code.

    Hydra takes half of the time of most commands of the suite. What it would do again in the same
    process is left out here; `run_apart` leaves nothing out.
    """
    module = sys.modules.get("run") or _load_run()
    before = sys.argv
    handler = signal.getsignal(signal.SIGINT)
    sys.argv = [str(RUN), *overrides]
    faster_register = patch.object(pnas.config, "register_schema", _register_schema_once)
    faster_mode = patch.object(Hydra, "get_mode", _mode_of)
    try:
        with faster_register, faster_mode, files_parsed_once():
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
