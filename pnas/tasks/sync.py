"""`task=sync`: show the journals of run directories in any MLflow store, whatever part of them is there already."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from pnas.config import Settings
from pnas.errors import PnasError, RunDirectoryError, require
from pnas.records import Journal
from pnas.records.path_safety import check_no_escaping_symlinks
from pnas.records.run_directory import JOURNAL
from pnas.reports.data.ranking_files import find_files
from pnas.reports.data.run_reader import is_held
from pnas.runs.command_context import Context
from pnas.runs.run_source import source_dir
from pnas.searching.search_pictures import PICTURES
from pnas.system.redaction import redact
from pnas.tracking import Projection, TrackingSpec, resolve_uri


class SyncFailed(PnasError):
    """Some of the runs could not be shown; the others were."""


def run(settings: Settings, context: Context) -> None:
    """Project each run and print what that changed. Only reads the journals.

    Raises:
        SyncFailed: after all others were shown, if some could not be.
    """
    rule = "must be an MLflow store for task=sync (tracking=mlflow tracking.uri=...)"
    require(settings.tracking.backend != "none", "tracking", rule, "none")
    run_dirs = _run_dirs(settings)
    _print(context, f"{len(run_dirs)} run(s) to {redact(resolve_uri(settings.tracking))}")
    failed = [run_dir for run_dir in run_dirs if not _try(run_dir, settings.tracking, context)]
    if failed:
        raise SyncFailed(
            f"{len(failed)} of {len(run_dirs)} runs could not be shown; the same command tries again"
        )


def _run_dirs(settings: Settings) -> list[Path]:
    if settings.task.files is None:
        return [source_dir(settings)]
    # A run directory stands for its children.csv there; any other file stands for the directory it lies in.
    homes = dict.fromkeys(path.parent for path in find_files(settings.task.files))
    return [_checked(home) for home in homes]


def _checked(home: Path) -> Path:
    if not (home / JOURNAL).is_file():
        raise RunDirectoryError(f"task.files: {home} is not a run directory (it has no {JOURNAL})")
    check_no_escaping_symlinks(home)
    return home


def _try(run_dir: Path, spec: TrackingSpec, context: Context) -> bool:
    try:
        line = _show(run_dir, spec)
    except PnasError as error:
        _print(context, f"{run_dir}: failed: {error}")
        return False
    _print(context, f"{run_dir}: {line}")
    return True


def _show(run_dir: Path, spec: TrackingSpec) -> str:
    """Project one run; what was done, in words."""
    with closing(Journal(run_dir / JOURNAL)) as journal:
        status = journal.meta("status", "running")
        children = sum(child.ended_at is not None for child in journal.children())
        stages = len(journal.stages())
    if status == "running" and not is_held(run_dir):
        status = "interrupted"
    projection = Projection(run_dir, spec)
    # A search that runs goes on to show itself: its runs are left open, as its journal says.
    pictures = [path for name in PICTURES if (path := run_dir / name).is_file()]
    projection.advance(None if status == "running" else status, pictures)
    return f"{status}, {stages} stage(s), {children} children: {_words(projection.changes.items())}"


def _words(changes: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in changes if count) or "nothing was missing"


def _print(context: Context, line: str) -> None:
    context.console.print(line, markup=False, highlight=False, soft_wrap=True)
