"""Hydra's and OmegaConf's errors as one line: key, rule, value received."""

import re
from dataclasses import is_dataclass

from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pnas.config.groups import GROUPS
from pnas.errors import InvalidValue
from pnas.system.redaction import scrub


def explain(error: BaseException) -> str:
    """One line for what the user typed wrong, without the credentials of a mistyped address."""
    return scrub(_explain(error))


def _explain(error: BaseException) -> str:
    cause = (
        error.__cause__
        if isinstance(error, ConfigCompositionException) and error.__cause__
        else error
    )
    if (
        isinstance(error, MissingConfigException)
        and error.missing_cfg_file
        and error.options is not None
    ):
        return _unknown_option(error)
    if isinstance(error, OverrideParseException):
        rule = "must be KEY=VALUE; a list or a value with commas or parentheses needs quotes"
        return str(InvalidValue("command line", rule, error.override))
    if isinstance(cause, OmegaConfBaseException) and cause.full_key:
        return _bad_key(error, cause)
    return " ".join(str(error).split())


def _unknown_option(error: MissingConfigException) -> str:
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    return str(
        InvalidValue(group or "config", f"must be one of {', '.join(error.options or [])}", option)
    )


def _bad_key(error: BaseException, cause: OmegaConfBaseException) -> str:
    message = str(cause.msg).splitlines()[0]
    received = _received(str(error))
    foreign = _foreign_key(str(cause.full_key), cause)
    if foreign is not None and "not in" in message:
        return str(InvalidValue(str(cause.full_key), foreign, received))
    known = _known_keys(cause)
    if known and ("not in" in message):
        return str(
            InvalidValue(str(cause.full_key), f"must be a key that exists: {known}", received)
        )
    found = re.fullmatch(r"Value '(.*)' .*could not be converted to (\w+)", message)
    if found:
        return str(InvalidValue(str(cause.full_key), f"must be of type {found[2]}", found[1]))
    return f"{cause.full_key}: {message}. Received: {received}"


def _foreign_key(full_key: str, cause: OmegaConfBaseException) -> str | None:
    """The rule for a key that another option of its group reads; None if no option does."""
    name, _, key = full_key.partition(".")
    group = GROUPS.get(name)
    if group is None or cause.parent_node is None:
        return None
    spec = OmegaConf.get_type(cause.parent_node)
    if not is_dataclass(spec):
        return None
    option = group.option_of(cause.parent_node)
    return group.rule_for_foreign_key(key, spec, option)


def _known_keys(cause: OmegaConfBaseException) -> str:
    keys = (
        []
        if cause.parent_node is None
        else [str(key) for key in cause.parent_node if key != "hydra"]
    )
    return ", ".join(keys)


def _received(text: str) -> str:
    """The value in "... use +trainer.epoch=3" or "Error merging override trainer.epochs=abc"."""
    found = re.search(r"(?:use \+|override )[^\s=]+=(.*)", text)
    return found[1] if found else text.splitlines()[0]


COMPOSITION_ERRORS = (HydraException, OmegaConfBaseException)
"""What composing a configuration raises for a mistake on the command line or in a YAML file."""
