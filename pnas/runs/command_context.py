"""What a task knows of the command that started it, besides its settings."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from rich.console import Console


@dataclass(frozen=True)
class Context:
    """The command around a task.

    Attributes:
        run_dir: this command's own run directory (Hydra's).
        typed: the keys that were typed on the command line, as opposed to those from conf/.
        choices: the option chosen in each config group.
        sweep: name of the multirun this job belongs to, None for a single command.
        job: number of this job in its multirun.
        sweep_dir: directory of the multirun.
        jobs_at_once: how many jobs of the multirun run side by side on this machine.
        overrides: what was typed for this command.
        console: where to print.
    """

    run_dir: Path
    typed: frozenset[str] = frozenset()
    choices: Mapping[str, str] = field(default_factory=dict)
    sweep: str | None = None
    job: int | None = None
    sweep_dir: Path | None = None
    jobs_at_once: int = 1
    overrides: tuple[str, ...] = ()
    console: Console = field(default_factory=Console)

    def as_dict(self) -> dict[str, Any]:
        """Plain data that another process can be given; without the console."""
        plain = {
            item.name: getattr(self, item.name) for item in fields(self) if item.name != "console"
        }
        paths = {name: str(value) for name, value in plain.items() if isinstance(value, Path)}
        return {**plain, **paths, "typed": sorted(self.typed), "choices": dict(self.choices)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Context":
        """What `as_dict` gave."""
        values = {
            **plain,
            "typed": frozenset(plain["typed"]),
            "overrides": tuple(plain["overrides"]),
        }
        paths = {
            name: Path(values[name])
            for name in ("run_dir", "sweep_dir")
            if values[name] is not None
        }
        return cls(**{**values, **paths})


def read_context() -> Context:
    """The context of the running Hydra job."""
    hydra = HydraConfig.get()
    run_dir = Path(hydra.runtime.output_dir).absolute()
    typed = list(hydra.overrides.task)
    overrides = OverridesParser.create().parse_overrides(typed)
    choices = {
        k: str(v) for k, v in hydra.runtime.choices.items() if "/" not in k and v is not None
    }
    is_sweep = hydra.mode is RunMode.MULTIRUN
    return Context(
        run_dir,
        frozenset(override.key_or_group for override in overrides),
        choices,
        # The folder of a sweep is <date>/<time>: both make the name that its searches share.
        "_".join(Path(hydra.sweep.dir).parts[-2:]) if is_sweep else None,
        int(hydra.job.num) if is_sweep else None,
        Path(hydra.sweep.dir).absolute() if is_sweep else None,
        _jobs_at_once(hydra.launcher) if is_sweep else 1,
        tuple(map(str, typed)),
    )


def _jobs_at_once(launcher: Any) -> int:
    """Of the joblib launcher (-1: as many as there are cores); others run one job at a time on a machine."""
    wanted = launcher.get("n_jobs") if "joblib" in str(launcher.get("_target_")) else 1
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    # joblib's rule for negative numbers: all cores but -(n + 1).
    return max(1, int(wanted or 1) if int(wanted or 1) > 0 else cores + 1 + int(wanted))
