"""Credentials typed on the command line, kept from Hydra, which writes overrides to files and messages."""

import os
import re
from collections.abc import MutableMapping, Sequence

from pnas.system.redaction import redact

VARIABLE = "PNAS_HIDDEN_"
_OVERRIDE = re.compile(r"(\+{0,2}[^=\s]+)=(.*)", re.DOTALL)
_QUOTED = re.compile(r"(['\"])(.*)\1", re.DOTALL)


def hide_credentials(
    arguments: Sequence[str], environment: MutableMapping[str, str] | None = None
) -> list[str]:
    """``arguments`` with every address that holds credentials replaced by a reference to the environment.

    The environment (os.environ by default) gets the address; this process and those it starts read it there.
    """
    environment = os.environ if environment is None else environment
    return [_hidden(argument, environment) for argument in arguments]


def _hidden(argument: str, environment: MutableMapping[str, str]) -> str:
    found = _OVERRIDE.fullmatch(argument)
    if found is None or not _is_secret(found[2]):
        return argument
    parts = found[2].split(",")
    # A multirun over several stores is a list; a single one may have a comma in its password.
    values = parts if all(map(_is_secret, parts)) else [found[2]]
    return f"{found[1]}={','.join(_reference(value, environment) for value in values)}"


def _is_secret(value: str) -> bool:
    return "://" in value and redact(value) != value


def _reference(value: str, environment: MutableMapping[str, str]) -> str:
    quoted = _QUOTED.fullmatch(value)
    name = f"{VARIABLE}{sum(key.startswith(VARIABLE) for key in environment)}"
    environment[name] = quoted[2] if quoted else value
    return f"${{oc.env:{name}}}"
