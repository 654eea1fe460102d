"""The job that Hydra runs: where conf/ lies, and from the composed configuration to a task."""

import gc
import os
from pathlib import Path

# Hydra then raises what goes wrong instead of printing it, and the command prints one line.
os.environ.setdefault("HYDRA_FULL_ERROR", "1")

import hydra
from omegaconf import DictConfig

from pnas.system.console import clear_status

_INSTALLED_CONF = "pkg://pnas.conf"
"""Where the wheel holds the files of conf/ (setup.py)."""


def config_source() -> str:
    """Return where Hydra finds conf/: beside the package in a checkout, else in the package."""
    checkout = Path(__file__).resolve().parent.parent
    is_checkout = (checkout / "pyproject.toml").is_file() and (checkout / "run.py").is_file()
    return str(checkout / "conf") if is_checkout else _INSTALLED_CONF


@hydra.main(version_base="1.3", config_path=config_source(), config_name="config")
def run(config: DictConfig) -> float | None:
    """Run one job: a single command, or one of a multirun's."""
    from pnas.multirun.job_dispatch import run_job

    gc.enable()
    clear_status()
    return run_job(config)
