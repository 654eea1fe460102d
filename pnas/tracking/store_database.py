"""SQLite databases of MLflow, each made as a whole by one of the searches that start at once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pnas.errors import TrackingError
from pnas.system.file_lock import file_lock
from pnas.tracking.mlflow_process import prepare_mlflow

ARTIFACTS = "mlartifacts"

_SQLITE_HEADER = b"SQLite format 3\0"
_SECONDS_TO_WAIT = 60.0


def ensure_database(database: Path) -> None:
    """Make ``database`` if it is missing. One that exists is complete, and needs no lock.

    Raises:
        TrackingError: The file is no database.
        TimeoutError: Another process has been making it for a minute.
    """
    if not has_content(database):
        prepare_mlflow()
        # Before the lock is taken: where many searches start at once, an import takes many seconds.
        from mlflow.store.tracking import sqlalchemy_store  # noqa: F401

        with exclusive_access(database):
            if not has_content(database):
                _create(database)
    _check_is_database(database)


@contextmanager
def exclusive_access(database: Path | None) -> Iterator[None]:
    """Keep other processes from opening ``database`` for the first time meanwhile.

    Args:
        database: The file; None for a store that is no file, which needs no lock.
    """
    if database is None:
        yield
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(database.with_name(f".{database.name}.lock"), timeout=_SECONDS_TO_WAIT):
        _check_is_database(database)
        yield


def has_content(database: Path) -> bool:
    """Whether ``database`` is there and not empty."""
    return database.is_file() and database.stat().st_size > 0


def artifact_root(database: Path | None) -> str | None:
    """Return where artifacts lie: beside the database; None leaves it to a server.

    It is absolute, so that a UI started anywhere finds them.
    """
    return None if database is None else (database.parent / ARTIFACTS).as_uri()


def bytes_written(database: Path) -> int:
    """Return the size of ``database`` or, while it is being made, of what there is of it."""
    sizes = []
    for path in (database, _draft(database)):
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            continue
    return sum(sizes)


def _draft(database: Path) -> Path:
    return database.with_name(f".{database.name}.draft")


def _check_is_database(database: Path) -> None:
    # MLflow would try for minutes to read a file that is not SQLite.
    if not has_content(database):
        return
    with database.open("rb") as file:
        if file.read(len(_SQLITE_HEADER)) != _SQLITE_HEADER:
            raise TrackingError(f"{database}: is not a SQLite database")


def _create(database: Path) -> None:
    """Build the schema aside and move it into place as a whole.

    Two processes that build it at once, or one killed in the middle, leave a database that no
    MLflow opens.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    draft = _draft(database)
    draft.unlink(missing_ok=True)
    store = SqlAlchemyStore(f"sqlite:///{draft}", artifact_root(database))
    store.engine.dispose()
    os.replace(draft, database)
