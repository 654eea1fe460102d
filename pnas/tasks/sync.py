"""`task=sync`: show the journals of run directories in any MLflow store."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from pnas.config import Settings
from pnas.errors import PnasError, RunDirectoryError, require
from pnas.records import Journal
from pnas.records.earlier_training import open_run
from pnas.records.run_directory import JOURNAL, TRAINING, hold
from pnas.records.run_identity import RUN_DIR, settle_identity
from pnas.reports.data.number_format import count_children
from pnas.reports.data.run_reader import is_held
from pnas.runs.command_context import Context
from pnas.runs.run_selection import select_run_dirs
from pnas.runs.run_source import source_dir
from pnas.searching.search_pictures import PICTURES
from pnas.system.console import print_line
from pnas.system.redaction import redact
from pnas.system.wording import plural
from pnas.tracking import Projection, TrackingSpec, resolve_uri


class SyncFailed(PnasError):
    """Some of the runs could not be shown; the others were."""


def run(settings: Settings, context: Context) -> None:
    """Project each run and print what that changed. Only reads the journals.

    Args:
        settings: Settings of the command.
        context: The command around the task.

    Raises:
        SyncFailed: Some runs could not be shown. All others were shown first.
    """
    rule = "must be an MLflow store for task=sync (tracking=mlflow tracking.uri=...)"
    require(settings.tracking.backend != "none", "tracking", rule, "none")
    run_dirs = _run_dirs(settings)
    uri = redact(resolve_uri(settings.tracking))
    print_line(context.console, f"{plural(len(run_dirs), 'run')} to {uri}")

    failed = 0
    for run_dir in run_dirs:
        is_shown = _try_to_show(run_dir, settings.tracking, context.console)
        failed += not is_shown
    if failed:
        runs = plural(len(run_dirs), "run")
        raise SyncFailed(f"{failed} of {runs} could not be delivered; the same command tries again")


def _run_dirs(settings: Settings) -> list[Path]:
    if settings.task.files is None:
        return [source_dir(settings)]
    return select_run_dirs(settings.task.files)


def _try_to_show(run_dir: Path, spec: TrackingSpec, console: Console) -> bool:
    try:
        line = _show(run_dir, spec)
    except PnasError as error:
        print_line(console, f"{run_dir}: failed: {error}")
        return False
    print_line(console, f"{run_dir}: {line}")
    return True


def _show(run_dir: Path, spec: TrackingSpec) -> str:
    """Project one run; return what was done, in words."""
    copied = _settle_identity(run_dir)
    with open_run(run_dir) as journal:
        status = journal.meta("status", "running")
        chosen = len(journal.children())
        children = sum(child.ended_at is not None for child in journal.children())
        stages = len(journal.stages())
    if status == "running" and not is_held(run_dir):
        status = "interrupted"

    projection = Projection(run_dir, spec)
    files = [run_dir / name for name in (*PICTURES, TRAINING)]
    existing_files = [path for path in files if path.is_file()]
    # A running search shows itself: its runs are left open, as its journal says.
    final_status = None if status == "running" else status
    projection.advance(final_status, existing_files)
    changes = _in_words(projection.changes)
    size = f"{plural(stages, 'stage')}, {count_children(children)}"
    if projection.subject == "training":
        size = f"{children} of {plural(chosen, 'training')}"
    line = f"{status}, {size}: {changes}"
    return line if copied is None else f"{copied}. {line}"


def _settle_identity(run_dir: Path) -> str | None:
    """Give a copied run an identity of its own, where nobody holds it and it may be written."""
    if not (run_dir / JOURNAL).is_file():
        return None
    with Journal(run_dir / JOURNAL) as journal:
        has_moved = journal.meta(RUN_DIR) not in (None, str(run_dir.resolve()))
    if not has_moved or is_held(run_dir):
        return None
    try:
        with hold(run_dir), Journal(run_dir / JOURNAL, create=True) as journal:
            return settle_identity(journal, run_dir)
    except RunDirectoryError:
        # An archive that may only be read, or a damaged journal, which is refused when it is read.
        return None


def _in_words(changes: Mapping[str, int]) -> str:
    words: list[str] = []
    for kind, number in changes.items():
        if number:
            what = f"{number:,}" if words else plural(number, "MLflow run")
            words.append(f"{what} {kind}")
    return ", ".join(words) or "nothing was missing"
