"""From an MLflow run id to the run, and to the run directory of its search."""

from pathlib import Path
from typing import Any

from pnas.errors import RunDirectoryError, TrackingError
from pnas.records.earlier_training import open_run
from pnas.system.redaction import redact
from pnas.tracking.mlflow_process import make_client, translate_store_errors
from pnas.tracking.mlflow_store import PARENT
from pnas.tracking.naming import cut
from pnas.tracking.run_facts import RUN_DIR, SEARCH_ID
from pnas.tracking.store_address import sqlite_path
from pnas.tracking.store_database import exclusive_access, has_content

_LEVELS_ABOVE_A_CHILD = 2
_LONGEST_RUN_ID = 80
_NO_SUCH_RUN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


class RunNotFound(TrackingError):
    """An id that leads to no run of ours."""


def find_run(uri: str, run_id: str) -> Any:
    """Return the MLflow run ``run_id`` of the store at the resolved ``uri``.

    Raises:
        RunNotFound: There is no such store, or no such run in it.
    """
    rule = f"{_shown(run_id)}: is not a run of the MLflow store {redact(uri)}"
    database = sqlite_path(uri)
    if database is not None and not has_content(database):
        raise RunNotFound(f"{rule}, which does not exist")
    with translate_store_errors(uri), exclusive_access(database):
        try:
            return make_client(uri).get_run(run_id)
        except Exception as error:
            if getattr(error, "error_code", "") not in _NO_SUCH_RUN:
                raise
            raise RunNotFound(rule) from None


def run_dir_of(uri: str, run_id: str) -> Path:
    """Return the run directory of the search that ``run_id`` belongs to.

    The store may be anybody's, so what it says counts only if the journal in that directory is the
    one of the same search.

    Args:
        uri: Resolved address of the store.
        run_id: Id of a search run, or of one of its stages or children.

    Raises:
        RunNotFound: There is no such run, it is not one of a search, or its directory is not on
            this machine.
    """
    run = _search_run(uri, run_id)
    if RUN_DIR not in run.data.tags:
        raise RunNotFound(f"{_shown(run_id)}: is an MLflow run, but not one of a search")

    run_dir = Path(run.data.tags[RUN_DIR])
    if not run_dir.is_dir():
        raise RunNotFound(f"{_shown(run_id)}: its run directory {run_dir} is not there")
    if _search_id(run_dir) != run.data.tags.get(SEARCH_ID):
        raise RunNotFound(
            f"{_shown(run_id)}: the directory that its tag {RUN_DIR} names does not hold "
            "this search"
        )
    return run_dir


def _search_run(uri: str, run_id: str) -> Any:
    """Return the run ``run_id`` or, if it is one of a stage or child, the run of its search."""
    run = find_run(uri, run_id)
    # Bounded: in a store of somebody else two runs may be each other's parents.
    for _ in range(_LEVELS_ABOVE_A_CHILD):
        if RUN_DIR not in run.data.tags and PARENT in run.data.tags:
            run = find_run(uri, run.data.tags[PARENT])
    return run


def _search_id(run_dir: Path) -> Any:
    try:
        with open_run(run_dir) as journal:
            return journal.meta("search_id", "")
    except RunDirectoryError:
        return ""


def _shown(run_id: str) -> str:
    return cut(" ".join(str(run_id).split()), _LONGEST_RUN_ID)
