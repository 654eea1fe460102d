"""Credentials typed on the command line, kept from Hydra, which writes overrides to files and messages."""

import os
import re
from collections.abc import MutableMapping, Sequence

from pnas.tracking import redact

VARIABLE = "PNAS_TRACKING_URI"
_OVERRIDE = re.compile(r"(\+{0,2}tracking\.uri)=(.*)", re.DOTALL)


def hide_credentials(arguments: Sequence[str], environment: MutableMapping[str, str] | None = None) -> list[str]:
    """``arguments`` with a ``tracking.uri`` that holds credentials replaced by a reference to the environment.

    The environment (os.environ by default) gets the address; this process and those it starts read it there.
    """
    environment = os.environ if environment is None else environment
    return [_hidden(argument, environment) for argument in arguments]


def _hidden(argument: str, environment: MutableMapping[str, str]) -> str:
    found = _OVERRIDE.fullmatch(argument)
    if found is None:
        return argument
    uri = found[2]
    if len(uri) > 1 and uri[0] == uri[-1] and uri[0] in "'\"":
        uri = uri[1:-1]
    if redact(uri) == uri or uri.startswith("${"):
        return argument
    environment[VARIABLE] = uri
    return f"{found[1]}=${{oc.env:{VARIABLE}}}"
