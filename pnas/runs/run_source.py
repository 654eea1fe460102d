"""The finished or running search that ``from=`` names."""

from pathlib import Path

from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pnas.config import Settings, load_settings, read_stored_settings
from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records.path_safety import check_no_escaping_symlinks
from pnas.records.run_directory import CONFIG, JOURNAL
from pnas.tracking import resolve_uri, run_dir_of

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
"""What reading a file raises that may hold anything."""


def source_dir(settings: Settings) -> Path:
    """The run directory behind ``from=``, given as a path or as an MLflow run id.

    Raises:
        InvalidValue: ``from`` is missing.
        RunDirectoryError: a directory that is not a run's.
        TrackingError: neither a directory nor a run of the MLflow store.
    """
    if settings.source is None:
        rule = f"must name a run directory or an MLflow run id for task={settings.task.name}"
        raise InvalidValue("from", rule, None)
    path = Path(settings.source).expanduser()
    if not path.is_dir():
        if "/" in settings.source or path.exists():
            raise InvalidValue(
                "from", "must be an existing run directory or an MLflow run id", settings.source
            )
        path = run_dir_of(resolve_uri(settings.tracking), settings.source)
    if not (path / JOURNAL).is_file():
        raise RunDirectoryError(f"from: {path} is not a run directory (it has no {JOURNAL})")
    check_no_escaping_symlinks(path)
    return path


def stored_settings(run_dir: Path) -> Settings:
    """The configuration that the run was started with.

    Raises:
        RunDirectoryError: there is none, or it is not one of ours.
    """
    try:
        return read_stored_settings(load_settings(run_dir / CONFIG))
    except _UNREADABLE as error:
        reason = " ".join((str(error) or type(error).__name__).split())
        raise RunDirectoryError(f"from: {run_dir / CONFIG} cannot be read ({reason})") from error
