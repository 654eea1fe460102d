"""Settings of the `tracking` config group, and what can be said of a store's address without opening it."""

import re
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pnas.errors import InvalidValue, require, require_choice
from pnas.system.redaction import redact

BACKENDS = ("mlflow", "none")
SERVERS = ("http", "https")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_SQLITE = "sqlite:///"
_URI_KEY = "tracking.uri"
_URI_RULE = (
    f"must be null or start with {', '.join(f'{scheme}://' for scheme in SERVERS + DATABASES)}"
)
_NO_FILES = (
    "folders (mlruns) are refused, MLflow gave them up; a database is written sqlite:///mlflow.db"
)


@dataclass(frozen=True)
class TrackingSpec:
    """Where a search is shown.

    Attributes:
        backend: ``mlflow``, or ``none`` to keep the journal and its reports only.
        uri: the MLflow store; None = ``mlflow.db`` (SQLite) in the working directory. Credentials in it
            appear in no message and no run; better give them as MLFLOW_TRACKING_USERNAME and _PASSWORD.
        experiment: name of the MLflow experiment, made if missing.
        patience: seconds that the end of a search waits, at most, for the store to take what is left.
    """

    backend: str = "mlflow"
    uri: str | None = field(default=None, repr=False)
    experiment: str = "pnas"
    patience: float = 60.0

    def __post_init__(self) -> None:
        require_choice("tracking.backend", self.backend, BACKENDS)
        resolve_uri(self)
        name = self.experiment
        rule = "must be a name of 1 to 500 printable characters"
        named = isinstance(name, str) and 0 < len(name.strip()) <= 500 and name.isprintable()
        require(named, "tracking.experiment", rule, name)
        seconds = self.patience
        rule = "must be a number of seconds of at least 0"
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        require(is_number and 0 <= seconds < float("inf"), "tracking.patience", rule, seconds)


def resolve_uri(spec: TrackingSpec) -> str:
    """The store's address in full: SQLite files made absolute, against the working directory.

    MLflow is always given one: its own default depends on what lies in the working directory.

    Raises:
        InvalidValue: not the address of a server or database; credentials are not shown.
    """
    uri = f"{_SQLITE}mlflow.db" if spec.uri is None else str(spec.uri).strip()
    scheme = uri.partition("://")[0].partition("+")[0].lower() if "://" in uri else ""
    if scheme == "file" or not scheme:
        raise InvalidValue(_URI_KEY, f"{_URI_RULE}; {_NO_FILES}", redact(uri))
    require(scheme in SERVERS + DATABASES, _URI_KEY, _URI_RULE, redact(uri))
    has_host = scheme in DATABASES or re.match(r"[^/?#]", uri.partition("://")[2]) is not None
    require(has_host, _URI_KEY, "must name a host, as in http://127.0.0.1:5000", redact(uri))
    return _absolute(uri) if scheme == "sqlite" else uri


def sqlite_path(uri: str) -> Path | None:
    """The database file behind a resolved SQLite address; None for every other store."""
    return Path(uri.removeprefix(_SQLITE).partition("?")[0]) if uri.startswith(_SQLITE) else None


def how_to_open(spec: TrackingSpec) -> str | None:
    """What a person does to see the store: a command for a database, an address for a server."""
    if spec.backend == "none":
        return None
    uri = redact(resolve_uri(spec))
    if uri.partition("://")[0] in SERVERS:
        return uri
    python = Path(sys.executable)
    here = Path.cwd()
    python = python.relative_to(here) if python.is_relative_to(here) else python
    return shlex.join([str(python), "-m", "mlflow", "ui", "--backend-store-uri", uri])


def _absolute(uri: str) -> str:
    path, _, options = uri.removeprefix(_SQLITE).partition("?")
    names_a_file = (
        uri.startswith(_SQLITE) and path not in ("", ":memory:") and not path.endswith("/")
    )
    require(names_a_file, _URI_KEY, "must name a database file, as in sqlite:///mlflow.db", uri)
    return f"{_SQLITE}{Path(path).expanduser().absolute()}" + (f"?{options}" if options else "")
