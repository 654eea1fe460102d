"""Entry point: composes the configuration with Hydra, checks it, and hands over to one task.

`python run.py --help` says what can be typed.
"""

import gc
import os
import sys
from pathlib import Path

# Hydra then raises what goes wrong instead of printing it, and main() prints one line.
os.environ.setdefault("HYDRA_FULL_ERROR", "1")

import hydra
from omegaconf import DictConfig

from pnas.config import COMPOSITION_ERRORS, explain, hide_credentials, quote_cells, register_schema
from pnas.errors import PnasError

register_schema()


@hydra.main(
    version_base="1.3", config_path=str(Path(__file__).parent / "conf"), config_name="config"
)
def run(config: DictConfig) -> float | None:
    """One job: a single command, or one of a multirun's."""
    from pnas.tasks import run_job

    gc.enable()
    return run_job(config)


def multirun_exit_code() -> int:
    """That of a failed job, if this command was a multirun and one failed."""
    multirun = sys.modules.get("pnas.multirun.job_launching")
    return 0 if multirun is None else int(multirun.exit_code())


def main() -> int:
    """Run the command; errors a user can correct are one line and exit code 2."""
    gc.disable()  # composing makes a million small objects, few of them garbage; `run` turns it on again
    sys.argv[1:] = quote_cells(hide_credentials(sys.argv[1:]))
    try:
        run()
    except COMPOSITION_ERRORS as error:
        print(explain(error), file=sys.stderr)
        return 2
    except PnasError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    finally:
        gc.enable()
    return multirun_exit_code()


if __name__ == "__main__":
    sys.exit(main())
