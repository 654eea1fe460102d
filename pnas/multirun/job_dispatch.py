"""From Hydra's job to a task: in this process, or, in a multirun, in one of its own."""

import math
import sys
from typing import NoReturn

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from pnas.config import COMPOSITION_ERRORS, explain, plain_config
from pnas.errors import PnasError
from pnas.multirun.failure_report import note_success
from pnas.multirun.job_launching import run_in_process
from pnas.multirun.task_execution import execute_task
from pnas.runs.command_context import Context, read_context
from pnas.system.console import error_line
from pnas.system.memory import explain_out_of_memory

_WORST_OBJECTIVE = 0.0
"""Value of a failed job for Optuna, whose studies end at a NaN."""


def run_job(config: DictConfig) -> float | None:
    """Run the task that ``config`` names, as the current Hydra job.

    A single command ends here on a user's mistake, with one line and its exit code. A job of a
    multirun that fails is reported at the end of the multirun, and does not stop the other jobs.

    Args:
        config: Composed configuration of the job.

    Returns:
        What a sweeper maximizes; None if the task has no such value.
    """
    context = read_context()
    if context.sweep is not None:
        return _sweeper_value(run_in_process(plain_config(config), context), context)
    try:
        return execute_task(config, context)
    except PnasError as error:
        _end(error_line(error), error.exit_code)
    except COMPOSITION_ERRORS as error:
        # References between keys are followed when the job reads its configuration.
        _end(error_line(explain(error)), exit_code=2)
    except (MemoryError, ImportError) as error:
        message = explain_out_of_memory(error)
        if message is None:
            raise
        _end(error_line(message), exit_code=2)


def _end(message: str, exit_code: int) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(exit_code)


def _sweeper_value(value: float | None, context: Context) -> float | None:
    if not _is_optuna():
        return value
    if value is not None and math.isnan(value):
        return _WORST_OBJECTIVE
    note_success(context)
    return value


def _is_optuna() -> bool:
    sweeper = HydraConfig.get().sweeper
    return "optuna" in str(sweeper.get("_target_"))
