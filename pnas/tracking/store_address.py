"""Addresses of MLflow stores: what is accepted, and what can be said of one without opening it."""

import re
import shlex
import sys
from pathlib import Path

from pnas.errors import InvalidValue, require
from pnas.system.redaction import redact

SERVERS = ("http", "https")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
DEFAULT = "sqlite:///mlflow.db"

_KEY = "tracking.uri"
_SQLITE = "sqlite:///"
_SCHEMES = ", ".join(f"{scheme}://" for scheme in SERVERS + DATABASES)
_RULE = f"must be null or start with {_SCHEMES}"
_NO_FOLDERS = (
    "folders (mlruns) are refused, MLflow gave them up; a database is written sqlite:///mlflow.db"
)


def resolve_address(uri: object) -> str:
    """Return the address of a store in full: SQLite files absolute, against the working directory.

    MLflow is always given one, because its own default depends on what lies in the working
    directory.

    Args:
        uri: What was typed; None stands for ``mlflow.db`` in the working directory.

    Raises:
        InvalidValue: It is not the address of a server or a database. Credentials are not shown.
    """
    address = DEFAULT if uri is None else str(uri).strip()
    scheme = scheme_of(address)
    if scheme in ("", "file"):
        raise InvalidValue(_KEY, f"{_RULE}; {_NO_FOLDERS}", redact(address))
    require(scheme in SERVERS + DATABASES, _KEY, _RULE, redact(address))

    _, _, rest = address.partition("://")
    has_host = scheme in DATABASES or re.match(r"[^/?#]", rest) is not None
    rule = "must name a host, as in http://127.0.0.1:5000"
    require(has_host, _KEY, rule, redact(address))
    return _absolute(address) if scheme == "sqlite" else address


def scheme_of(address: str) -> str:
    """Return the scheme of ``address`` without its driver (``postgresql+psycopg2``)."""
    scheme, has_scheme, _ = address.partition("://")
    return scheme.partition("+")[0].lower() if has_scheme else ""


def sqlite_path(uri: str) -> Path | None:
    """Return the database file behind a resolved SQLite address; None for every other store."""
    if not uri.startswith(_SQLITE):
        return None
    path, _, _ = uri.removeprefix(_SQLITE).partition("?")
    return Path(path)


def open_command(uri: str) -> str:
    """Return what a person does to see the store at the resolved ``uri``.

    Returns:
        A command for a database, the address itself for a server.
    """
    shown = redact(uri)
    if scheme_of(uri) in SERVERS:
        return shown
    python = Path(sys.executable)
    here = Path.cwd()
    if python.is_relative_to(here):
        python = python.relative_to(here)
    return shlex.join([str(python), "-m", "mlflow", "ui", "--backend-store-uri", shown])


def _absolute(uri: str) -> str:
    path, _, options = uri.removeprefix(_SQLITE).partition("?")
    is_file = uri.startswith(_SQLITE) and path not in ("", ":memory:") and not path.endswith("/")
    require(is_file, _KEY, "must name a database file, as in sqlite:///mlflow.db", uri)

    cwd = str(Path.cwd())
    rule = "must be an absolute path where the working directory has a ?, which begins options"
    require("?" not in cwd or Path(path).is_absolute(), _KEY, rule, cwd)
    absolute = f"{_SQLITE}{Path(path).expanduser().absolute()}"
    return f"{absolute}?{options}" if options else absolute
