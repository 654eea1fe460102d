"""What Optuna says of a study at its end, left out where no job of the multirun has succeeded.

A failed job counts as 0 (`pnas.multirun.job_dispatch`), so that Optuna names the parameters of one
failed job as the best.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from omegaconf import OmegaConf

RESULTS = "optimization_results.yaml"
"""File of a sweep in which Hydra's Optuna sweeper names the best parameters."""

_LOGGER = "hydra_plugins.hydra_optuna_sweeper._impl"

ALL_FAILED = "no job of this multirun succeeded, so that there are no best parameters"


class QuietBest(logging.Filter):
    """Filter of the lines that name the best parameters.

    Args:
        is_without_success: Whether jobs have failed and none has succeeded.
    """

    def __init__(self, is_without_success: Callable[[], bool]) -> None:
        super().__init__()
        self._is_without_success = is_without_success

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may be printed."""
        names_best = record.getMessage().startswith(("Best parameters", "Best value"))
        return not (names_best and self._is_without_success())

    def install(self) -> None:
        """Filter what the sweeper logs from now on."""
        logging.getLogger(_LOGGER).addFilter(self)

    def remove(self) -> None:
        """Let the sweeper log all again."""
        logging.getLogger(_LOGGER).removeFilter(self)


def discard_best_of_failures(sweep_dir: Path) -> bool:
    """Remove the results of a study whose best value is that of a failed job.

    Args:
        sweep_dir: Directory of a multirun without a job that succeeded.

    Returns:
        Whether there were any. A study that has a storage may name a trial of an earlier command.
    """
    path = sweep_dir / RESULTS
    if not path.is_file() or OmegaConf.select(OmegaConf.load(path), "best_value") != 0.0:
        return False
    path.unlink()
    return True
