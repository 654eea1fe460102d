"""One composition a command: Hydra composes the configuration for its mode, and for the job anew.

Composing takes a good part of a command that ends at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra._internal.hydra import Hydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

_MODE_OF_A_JOB = "hydra.mode=RUN"
"""What Hydra adds to the overrides of a command that is no multirun."""


@contextmanager
def composed_once() -> Iterator[None]:
    """Let Hydra run a single job with the configuration in which it has looked for its mode.

    Multiruns are composed as ever, and so is a job whose overrides or files set ``hydra.mode``.
    """
    hydra_class: Any = Hydra
    find_mode = hydra_class.get_mode

    def get_mode(hydra: Hydra, config_name: str | None, overrides: list[str]) -> RunMode | None:
        composition = _Composition(hydra, config_name, overrides)
        if composition.config is not None:
            mode = composition.config.hydra.mode
        else:
            # A multirun may take what a job does not, such as several values of a key.
            mode = find_mode(hydra, config_name, overrides)
        if mode is None:
            vars(hydra.config_loader)["load_configuration"] = composition.load
        return mode

    hydra_class.get_mode = get_mode
    try:
        yield
    finally:
        hydra_class.get_mode = find_mode


class _Composition:
    """The configuration of a job, or the error that composing it ends with.

    Attributes:
        config: The configuration, without the mode; None if there is none.
    """

    def __init__(self, hydra: Hydra, config_name: str | None, overrides: list[str]) -> None:
        self.config: DictConfig | None = None
        self._error: Exception | None = None
        self._load = hydra.config_loader.load_configuration
        self._request = (config_name, [*overrides, _MODE_OF_A_JOB], RunMode.RUN)
        try:
            self.config = self._load(config_name, overrides, RunMode.RUN)
        except Exception as error:
            self._error = error

    def load(
        self, config_name: str | None, overrides: list[str], run_mode: RunMode, **options: Any
    ) -> DictConfig:
        """Stand for ``load_configuration`` of Hydra's loader: compose all but what is there."""
        if (config_name, overrides, run_mode) != self._request:
            return self._load(config_name, overrides, run_mode, **options)
        if self._error is not None:
            raise self._error
        assert self.config is not None
        OmegaConf.update(self.config, "hydra.mode", run_mode)
        self.config.hydra.overrides.hydra.append(_MODE_OF_A_JOB)
        return self.config
