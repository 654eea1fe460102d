"""The job that Hydra runs: where conf/ lies, and from the composed configuration to a task."""

import gc
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

# Hydra then raises what goes wrong instead of printing it, and the command prints one line.
os.environ.setdefault("HYDRA_FULL_ERROR", "1")

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig

from pnas.errors import InvalidValue
from pnas.system.console import clear_status

_PACKAGE = "pkg://"
_LONGEST_REASON = 200

_INSTALLED_CONF = "pkg://pnas.conf"
"""Where the wheel holds the files of conf/ (setup.py)."""

_job_error: Exception | None = None


def config_source() -> str:
    """Return where Hydra finds conf/: beside the package in a checkout, else in the package."""
    checkout = Path(__file__).resolve().parent.parent
    is_checkout = (checkout / "pyproject.toml").is_file() and (checkout / "run.py").is_file()
    return str(checkout / "conf") if is_checkout else _INSTALLED_CONF


def initialized_conf() -> AbstractContextManager[None]:
    """Return the context in which `hydra.compose` reads conf/."""
    source = config_source()
    if source.startswith(_PACKAGE):
        module = source.removeprefix(_PACKAGE)
        return hydra.initialize_config_module(module, version_base="1.3")
    return hydra.initialize_config_dir(source, version_base="1.3")


def check_options(arguments: Sequence[str]) -> None:
    """Check that Hydra knows the options among ``arguments``: its parser would print its usage.

    Raises:
        InvalidValue: It does not, as of ``--epochs 3``, or an option comes after an override.
    """

    def refuse(message: str) -> NoReturn:
        rule = f"must be KEY=VALUE, after options such as -m ({message})"
        raise InvalidValue("command line", rule, " ".join(arguments))

    parser = get_args_parser()
    vars(parser)["error"] = refuse
    parser.parse_args(list(arguments))


def is_of_job(error: Exception) -> bool:
    """Whether a job has raised ``error``, as opposed to composing its configuration."""
    return error is _job_error


def explain_unforeseen(error: Exception, arguments: Sequence[str]) -> InvalidValue:
    """Return what to tell of an error that Hydra did not foresee, and that no job has raised.

    Args:
        error: The error, such as a TypeError of Hydra's merger.
        arguments: Arguments of the command; the one that fails alone as well is named.
    """
    from pnas.config.override_errors import NOT_KEY_AND_VALUE, explain_override

    message = " ".join(str(error).split())
    explained = explain_override(message)
    if explained is not None:
        return explained
    without_key = [argument for argument in arguments if argument.startswith("=")]
    if without_key:
        return InvalidValue("command line", NOT_KEY_AND_VALUE, without_key[0])

    reason = message[:_LONGEST_REASON]
    kind = type(error).__name__
    detail = f"{kind}: {reason}" if reason else kind
    rule = f"must be a value that Hydra can read ({detail})"
    for argument in arguments:
        key, is_override, value = argument.partition("=")
        if is_override and _fails_alone(argument, type(error)):
            return InvalidValue(key, rule, value)
    return InvalidValue("command line", rule, " ".join(arguments))


def _fails_alone(argument: str, kind: type[Exception]) -> bool:
    # Exactly this kind: one that lacks the others' company may fail otherwise.
    with initialized_conf():
        try:
            hydra.compose("config", [argument])
        except Exception as error:
            return type(error) is kind
    return False


@hydra.main(version_base="1.3", config_path=config_source(), config_name="config")
def run(config: DictConfig) -> float | None:
    """Run one job: a single command, or one of a multirun's."""
    from pnas.multirun.job_dispatch import run_job

    global _job_error
    gc.enable()
    clear_status()
    try:
        return run_job(config)
    except Exception as error:
        _job_error = error
        raise
