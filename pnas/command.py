"""The command `pnas`: composes the configuration with Hydra, checks it, and hands over to one task.

`python run.py` in a checkout is the same command over the same files. `pnas --help` says what can
be typed.
"""

import gc
import os
import sys
from pathlib import Path

# Hydra then raises what goes wrong instead of printing it, and main() prints one line.
os.environ.setdefault("HYDRA_FULL_ERROR", "1")

import hydra
from omegaconf import DictConfig

from pnas.config import COMPOSITION_ERRORS, explain, hide_credentials, quote_values, register_schema
from pnas.errors import PnasError
from pnas.system.console import printable_line, tolerate_any_encoding

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
    return run_job(config)


def main() -> int:
    """Run the command that was typed; return its exit code.

    Errors that a user can correct are one line and exit code 2.
    """
    if "--version" in sys.argv[1:]:
        from pnas.versions import describe_versions

        print(describe_versions())
        return 0

    tolerate_any_encoding()
    register_schema()
    # Composing makes a million small objects, few of them garbage; `run` turns it on again.
    gc.disable()
    sys.argv[1:] = quote_values(hide_credentials(sys.argv[1:]))
    try:
        run()
    except COMPOSITION_ERRORS as error:
        print(explain(error), file=sys.stderr)
        return 2
    except PnasError as error:
        print(printable_line(str(error)), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    finally:
        gc.enable()
    return _multirun_exit_code()


def _multirun_exit_code() -> int:
    """The exit code of a failed job, if this command was a multirun and one failed."""
    report = sys.modules.get("pnas.multirun.failure_report")
    return 0 if report is None else int(report.exit_code())
