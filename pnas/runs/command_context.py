"""What a task knows of the command that started it, besides its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, read_write
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from pnas.config.credentials import show_redacted
from pnas.config.value_quoting import as_typed
from pnas.system.cores import available_cores

_run_dir: str | None = None
"""Run directory of a single command, which Hydra is not told of."""


@dataclass(frozen=True)
class Context:
    """The command around a task.

    Attributes:
        run_dir: Run directory of this command (Hydra's).
        typed: Keys that were typed on the command line, as opposed to those from conf/.
        choices: Option chosen in each config group.
        sweep: Name of the multirun that this job belongs to; None for a single command.
        job: Number of this job in its multirun; None for a single command.
        sweep_dir: Directory of the multirun; None for a single command.
        jobs_at_once: Number of jobs of the multirun that run side by side on this machine.
        overrides: Overrides as they were typed for this command.
        console: Console to print to.
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
        """Return plain data that another process can be given; the console is left out."""
        plain: dict[str, Any] = {}
        for item in fields(self):
            if item.name != "console":
                plain[item.name] = _as_plain(getattr(self, item.name))
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Context":
        """Return the context that `as_dict` was called on, with a console of this process."""
        values = dict(plain)
        values["typed"] = frozenset(plain["typed"])
        values["overrides"] = tuple(plain["overrides"])
        for name in ("run_dir", "sweep_dir"):
            if values[name] is not None:
                values[name] = Path(values[name])
        return cls(**values)


def _as_plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return value


def keep_run_dir(config: DictConfig) -> None:
    """Keep Hydra from making the run directory of a single command before anything is checked.

    A command that only reads needs none, and what goes wrong in making it is one line only where
    the command does it itself (`pnas.multirun.task_execution`).

    Args:
        config: Configuration of Hydra's run, whose ``hydra.run.dir`` becomes the working directory.
    """
    global _run_dir
    _run_dir = None
    try:
        _run_dir = str(config.hydra.run.dir)
    except OmegaConfBaseException:
        # Hydra would print a warning of it here; it meets the same error next.
        return
    with read_write(config):
        config.hydra.run.dir = "."


def forget_run_dir() -> None:
    """Let Hydra decide the directory of each job, as in a multirun."""
    global _run_dir
    _run_dir = None


def read_context() -> Context:
    """Return the context of the running Hydra job."""
    hydra = HydraConfig.get()
    # As they were typed: what an override refers to is another key's business.
    typed = OmegaConf.to_container(hydra.overrides.task, resolve=False)
    assert isinstance(typed, list)
    is_multirun = hydra.mode is RunMode.MULTIRUN
    return Context(
        run_dir=Path(_run_dir or hydra.runtime.output_dir).absolute(),
        typed=typed_keys([str(override) for override in typed]),
        choices=option_choices(hydra),
        overrides=tuple(as_typed(show_redacted(str(override))) for override in typed),
        **(_multirun_facts(hydra) if is_multirun else {}),
    )


def typed_keys(overrides: Sequence[str]) -> frozenset[str]:
    """Return the keys and groups that ``overrides`` name."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    return frozenset(override.key_or_group for override in parsed)


def option_choices(hydra: HydraConf) -> dict[str, str]:
    """Return the option chosen in each config group, by Hydra's own configuration."""
    choices: dict[str, str] = {}
    for group, option in hydra.runtime.choices.items():
        # Groups with a slash are Hydra's own, such as hydra/launcher.
        if "/" not in group and option is not None:
            choices[group] = str(option)
    return choices


def _multirun_facts(hydra: HydraConf) -> dict[str, Any]:
    sweep_dir = Path(hydra.sweep.dir)
    return {
        # The folder of a sweep is <date>/<time>: both make the name that its searches share.
        "sweep": "_".join(sweep_dir.parts[-2:]),
        "job": int(hydra.job.num),
        "sweep_dir": sweep_dir.absolute(),
        "jobs_at_once": jobs_at_once(hydra.launcher),
    }


def jobs_at_once(launcher: Any) -> int:
    """Return the number of jobs that a Hydra launcher runs side by side on one machine.

    Only the joblib launcher runs several. Its ``n_jobs`` may be negative: -1 stands for all cores,
    -2 for all but one.

    Args:
        launcher: Configuration of the launcher.
    """
    is_joblib = "joblib" in str(launcher.get("_target_"))
    wanted = int(launcher.get("n_jobs") or 1) if is_joblib else 1
    if wanted < 0:
        wanted = available_cores() + 1 + wanted
    return max(1, wanted)
