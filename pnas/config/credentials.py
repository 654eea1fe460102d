"""Credentials typed on the command line, kept from Hydra.

Hydra writes what was typed to files and messages.
"""

import os
import re
from collections.abc import MutableMapping, Sequence

from pnas.system.redaction import redact

VARIABLE = "PNAS_HIDDEN_"
_OVERRIDE = re.compile(r"(\+{0,2}[^=\s]+)=(.*)", re.DOTALL)
_REFERENCE = re.compile(rf"\$\{{oc\.env:({VARIABLE}\d+)\}}")
_QUOTED = re.compile(r"(['\"])(.*)\1", re.DOTALL)


def hide_credentials(
    arguments: Sequence[str], environment: MutableMapping[str, str] | None = None
) -> list[str]:
    """Return the arguments with references in place of addresses that hold credentials.

    Args:
        arguments: Arguments of the command.
        environment: Where the addresses are put, for this process and those that it starts;
            os.environ by default.
    """
    variables = os.environ if environment is None else environment
    return [_hide(argument, variables) for argument in arguments]


def _hide(argument: str, environment: MutableMapping[str, str]) -> str:
    override = _OVERRIDE.fullmatch(argument)
    if override is None:
        return argument
    key, value = override.groups()
    if not _has_credentials(value):
        return argument

    # A multirun over several stores is a list; a single one may have a comma in its password.
    parts = value.split(",")
    is_list = all(_has_credentials(part) for part in parts)
    addresses = parts if is_list else [value]
    references = [_store(address, environment) for address in addresses]
    return f"{key}={','.join(references)}"


def show_redacted(argument: str) -> str:
    """Return an argument that `hide_credentials` returned as it was typed, but for credentials."""

    def address(reference: re.Match[str]) -> str:
        return redact(os.environ.get(reference[1], ""))

    typed = _REFERENCE.sub(address, argument)
    return redact(typed) if "://" in typed else typed


def _has_credentials(value: str) -> bool:
    return "://" in value and redact(value) != value


def _store(address: str, environment: MutableMapping[str, str]) -> str:
    """Put the address into the environment; return the reference that OmegaConf resolves."""
    taken = [name for name in environment if name.startswith(VARIABLE)]
    name = f"{VARIABLE}{len(taken)}"
    quoted = _QUOTED.fullmatch(address)
    environment[name] = address if quoted is None else quoted[2]
    return f"${{oc.env:{name}}}"
