"""MLflow inside this process: imported late, silent, impatient, and its errors in one line."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pnas.errors import TrackingError
from pnas.system.redaction import redact, scrub
from pnas.tracking.naming import cut

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# MLflow's own values wait for a server for up to 15 minutes a request. The tracker tries again.
_DEFAULT_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
_LONGEST_REASON = 300


class StoreBusy(TrackingError):
    """Another process has the store to itself for a while: it makes its schema, or writes."""


def prepare_mlflow() -> None:
    """Import MLflow and silence it."""
    os.environ.update(_ENVIRONMENT)
    for name, value in _DEFAULT_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: F401  (it configures its loggers when it is imported)

    # What goes wrong reaches the user through this package, once, and without credentials.
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def make_client(uri: str) -> "MlflowClient":
    """Return a client of the store at the resolved ``uri``."""
    prepare_mlflow()
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def translate_store_errors(uri: str) -> Iterator[None]:
    """Turn whatever the store at ``uri`` raises into one line that names it without credentials.

    Raises:
        StoreBusy: The store is held by another process.
        TrackingError: Anything else went wrong.
    """
    try:
        yield
    except TrackingError:
        raise
    except Exception as error:
        reason = cut(scrub(str(error), uri), _LONGEST_REASON) or type(error).__name__
        is_busy = isinstance(error, TimeoutError) or "database is locked" in str(error)
        kind = StoreBusy if is_busy else TrackingError
        # The original holds the address in full, so it must not be shown as the cause.
        if not _has_home():
            reason = (
                f"MLflow needs a home directory; set HOME to one that can be written ({reason})"
            )
        raise kind(f"MLflow store {redact(uri)}: {reason}") from None


def _has_home() -> bool:
    """Whether this process's user has a home directory.

    In a container that runs under a user id of its own there is neither HOME nor an entry in
    /etc/passwd, and MLflow asks for a home directory when it is imported.
    """
    try:
        Path.home()
    except RuntimeError:
        return False
    return True
