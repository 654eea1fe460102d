"""Opening an MLflow store, so that many processes may do it at once and none waits for ever."""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pnas.errors import RunDirectoryError, TrackingError
from pnas.records import Journal
from pnas.records.run_directory import JOURNAL
from pnas.system.redaction import redact, scrub
from pnas.tracking.naming import cut
from pnas.tracking.run_facts import RUN_DIR, SEARCH_ID
from pnas.tracking.saved_view import VIEW_TAGS
from pnas.tracking.tracking_specs import TrackingSpec, resolve_uri, sqlite_path

if TYPE_CHECKING:
    from mlflow import MlflowClient

ARTIFACTS = "mlartifacts"
PARENT = "mlflow.parentRunId"

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# MLflow's own values wait for a server for up to 15 minutes a request; trying again is the tracker's part.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
_EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development", **VIEW_TAGS}


class StoreBusy(TrackingError):
    """Another process has the store to itself, for a while (it makes its schema, or holds a transaction)."""


@dataclass(frozen=True)
class Store:
    """An open store and the experiment that searches are shown in."""

    client: "MlflowClient"
    uri: str
    experiment: str
    experiment_id: str


def open_store(spec: TrackingSpec) -> Store:
    """Open the store of ``spec``; make its database and its experiment if they are missing.

    Raises:
        TrackingError: the store cannot be reached or is something else; one line, without credentials.
    """
    uri = resolve_uri(spec)
    with translated(uri):
        database = sqlite_path(uri)
        if database is not None:
            _ensure_database(database)
        client = _client(uri)
        return Store(
            client, uri, spec.experiment, _experiment_id(client, spec.experiment, database)
        )


def find_run(uri: str, run_id: str) -> Any:
    """The MLflow run ``run_id`` of the store at the resolved ``uri``.

    Raises:
        TrackingError: no such store, or no such run in it.
    """
    from_store = f"is not a run of the MLflow store {redact(uri)}"
    database = sqlite_path(uri)
    if database is not None and not _has_content(database):
        raise TrackingError(f"{_shown(run_id)}: {from_store}, which does not exist")
    with translated(uri), _alone_with(database):
        try:
            return _client(uri).get_run(run_id)
        except Exception as error:
            if getattr(error, "error_code", "") not in (
                "RESOURCE_DOES_NOT_EXIST",
                "INVALID_PARAMETER_VALUE",
            ):
                raise
            raise TrackingError(f"{_shown(run_id)}: {from_store}") from None


def run_dir_of(uri: str, run_id: str) -> Path:
    """The run directory of the search that ``run_id`` (its search run, a stage or a child) belongs to.

    The store may be anybody's, so its word is taken only if the directory's journal is that of the same search.

    Raises:
        TrackingError: no such run, not one of a search, or its directory is not on this machine.
    """
    run = find_run(uri, run_id)
    for _ in ("child to stage", "stage to search"):
        if RUN_DIR not in run.data.tags and PARENT in run.data.tags:
            run = find_run(uri, run.data.tags[PARENT])
    if RUN_DIR not in run.data.tags:
        raise TrackingError(f"{_shown(run_id)}: is an MLflow run, but not one of a search")
    run_dir = Path(run.data.tags[RUN_DIR])
    if not run_dir.is_dir():
        raise TrackingError(f"{_shown(run_id)}: its run directory {run_dir} is not there")
    if _search_id(run_dir) != run.data.tags.get(SEARCH_ID):
        raise TrackingError(
            f"{_shown(run_id)}: the directory that its tag {RUN_DIR} names does not hold this search"
        )
    return run_dir


def _search_id(run_dir: Path) -> Any:
    try:
        with Journal(run_dir / JOURNAL) as journal:
            return journal.meta("search_id", "")
    except RunDirectoryError:
        return ""


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn whatever a store raises into a `TrackingError` of one line that names it without credentials."""
    try:
        yield
    except TrackingError:
        raise
    except Exception as error:
        reason = cut(scrub(str(error), uri), 300) or type(error).__name__
        # The original holds the address in full, so it must not be shown as the cause.
        kind = (
            StoreBusy
            if isinstance(error, TimeoutError) or "database is locked" in str(error)
            else TrackingError
        )
        raise kind(f"MLflow store {redact(uri)}: {reason}") from None


@contextmanager
def file_lock(path: Path, timeout: float = 60.0) -> Iterator[int]:
    """Hold the lock file ``path``, made if missing; yields its descriptor. The system frees it when we die.

    Raises:
        TimeoutError: it was held by somebody else for ``timeout`` seconds.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(descriptor, path, time.monotonic() + timeout)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path, until: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise TimeoutError(f"{path} is held by another process") from None
            time.sleep(0.05)


@contextmanager
def _alone_with(database: Path | None) -> Iterator[Path | None]:
    """Nobody else opens the SQLite ``database`` for the first time meanwhile."""
    if database is None:
        yield None
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(database.with_name(f".{database.name}.lock")):
        _check_file_is_ours(database)
        yield database


def _check_file_is_ours(database: Path) -> None:
    """MLflow would try for minutes to read a file that is not SQLite."""
    if not _has_content(database):
        return
    with database.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            raise TrackingError(f"{database}: is not a SQLite database")


def _has_content(database: Path) -> bool:
    return database.is_file() and database.stat().st_size > 0


def _ensure_database(database: Path) -> None:
    """Make ``database`` if it is missing. One that is there is complete, and needs no lock."""
    if not _has_content(database):
        prepare_process()
        # Imported before the lock is taken: where many searches start at once, each import takes many seconds.
        from mlflow.store.tracking import sqlalchemy_store  # noqa: F401

        with _alone_with(database):
            if not _has_content(database):
                _create_database(database)
    _check_file_is_ours(database)


def _create_database(database: Path) -> None:
    """Build the schema aside and move it into place whole.

    Two processes that build it at once, or one killed in the middle, leave a database that no MLflow opens.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    draft = database.with_name(f".{database.name}.draft")
    draft.unlink(missing_ok=True)
    SqlAlchemyStore(f"sqlite:///{draft}", (database.parent / ARTIFACTS).as_uri()).engine.dispose()
    os.replace(draft, database)


def _client(uri: str) -> "MlflowClient":
    prepare_process()
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def prepare_process() -> None:
    os.environ.update(_ENVIRONMENT)
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: F401  (it configures its loggers when it is imported)

    # What goes wrong reaches the user through this package, once, and without credentials.
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _experiment_id(client: "MlflowClient", name: str, database: Path | None) -> str:
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        with _alone_with(database):
            experiment = client.get_experiment_by_name(name) or _create_experiment(
                client, name, database
            )
    if experiment.lifecycle_stage != "active":
        raise TrackingError(
            f"tracking.experiment: {name!r} was deleted in MLflow; restore it or choose another name"
        )
    _offer_view(client, experiment)
    return str(experiment.experiment_id)


def _offer_view(client: "MlflowClient", experiment: Any) -> None:
    """An experiment that an earlier version made, or a person, gets the saved view too, if we may give it."""
    for tag, value in VIEW_TAGS.items():
        if experiment.tags.get(tag) != value:
            with suppress(Exception):
                client.set_experiment_tag(experiment.experiment_id, tag, value)


def _create_experiment(client: "MlflowClient", name: str, database: Path | None) -> Any:
    # Beside the database and absolute, so that a UI started anywhere finds them; a server has its own place.
    artifacts = None if database is None else (database.parent / ARTIFACTS).as_uri()
    try:
        client.create_experiment(name, artifact_location=artifacts, tags=_EXPERIMENT_TAGS)
    except Exception:
        # On a server another search may have made it a moment ago.
        if client.get_experiment_by_name(name) is None:
            raise
    return client.get_experiment_by_name(name)


def _shown(run_id: str) -> str:
    return cut(" ".join(str(run_id).split()), 80)
