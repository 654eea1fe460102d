"""The finished or running run that ``from=`` names."""

from pathlib import Path

from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pnas.config import Settings, load_settings, read_stored_settings
from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records.path_safety import check_no_escaping_symlinks
from pnas.records.run_directory import CONFIG, JOURNAL, holds_run
from pnas.tracking import RunNotFound, resolve_uri, run_dir_of

_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
    YAMLError,
    OmegaConfBaseException,
)
"""Errors of reading a file that may hold anything."""

_OUTPUTS = Path("outputs")
"""Where run directories lie by default: who types the name of one alone is told the whole path."""


def source_dir(settings: Settings) -> Path:
    """Return the run directory behind ``from=``, given as a path or as an MLflow run id.

    Args:
        settings: Settings of the command.

    Raises:
        InvalidValue: ``from`` is missing, or names neither a directory nor a run in MLflow.
        RunDirectoryError: The directory is not a run's.
        TrackingError: The MLflow store cannot be read.
    """
    if settings.source is None:
        rule = f"must name a run directory or an MLflow run id for task={settings.task.name}"
        raise InvalidValue("from", rule, None)

    path = Path(settings.source).expanduser()
    if not path.is_dir():
        path = _run_dir_by_id(settings, settings.source)
    if not holds_run(path):
        raise RunDirectoryError(f"from: {path} is not a run directory (it has no {JOURNAL})")
    check_no_escaping_symlinks(path)
    return path


def _run_dir_by_id(settings: Settings, run_id: str) -> Path:
    if "/" in run_id or Path(run_id).expanduser().exists():
        rule = "must be an existing run directory or an MLflow run id"
        raise InvalidValue("from", rule, run_id)
    named = _OUTPUTS / run_id
    if holds_run(named):
        rule = f"must be a run directory, such as {named}, or an MLflow run id"
        raise InvalidValue("from", rule, run_id)
    try:
        return run_dir_of(resolve_uri(settings.tracking), run_id)
    except RunNotFound as error:
        rule = f"must be a run directory or an MLflow run id ({error})"
        raise InvalidValue("from", rule, run_id) from error


def stored_settings(run_dir: Path) -> Settings:
    """Return the settings that the run in ``run_dir`` was started with.

    Raises:
        RunDirectoryError: There are none, or they cannot be read.
    """
    path = run_dir / CONFIG
    if not path.is_file():
        raise RunDirectoryError(f"from: {run_dir} is not a run directory (it has no {CONFIG})")
    try:
        return read_stored_settings(load_settings(path))
    except _UNREADABLE as error:
        message = str(error) or type(error).__name__
        reason = " ".join(message.split())
        raise RunDirectoryError(f"from: {path} cannot be read ({reason})") from error
