"""The configuration of a search called from Python, composed as a command's."""

from collections.abc import Sequence
from typing import NamedTuple

from hydra import compose
from omegaconf import DictConfig, open_dict

from pnas.config import COMPOSITION_ERRORS, explain, quote_values, register_schema
from pnas.errors import PnasError
from pnas.hydra_job import explain_unforeseen, initialized_conf
from pnas.runs.command_context import option_choices, typed_keys


class Composed(NamedTuple):
    """A composed configuration, and what Hydra knows of it.

    Attributes:
        config: The configuration.
        choices: Option chosen in each config group.
        typed: Keys that the overrides name.
    """

    config: DictConfig
    choices: dict[str, str]
    typed: frozenset[str]


def compose_search(overrides: Sequence[str]) -> Composed:
    """Compose conf/ with ``overrides``, which are as one types them.

    Raises:
        PnasError: A key or value that does not exist or does not fit.
    """
    register_schema()
    quoted = quote_values(overrides)
    try:
        with initialized_conf():
            config = compose("config", quoted, return_hydra_config=True)
        choices = option_choices(config.hydra)
    except COMPOSITION_ERRORS as error:
        raise PnasError(explain(error)) from error
    except Exception as error:
        raise explain_unforeseen(error, quoted) from error
    with open_dict(config):
        del config["hydra"]
    return Composed(config, choices, typed_keys(quoted))
