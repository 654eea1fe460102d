"""`task=report`: one HTML file about a search, or about several side by side."""

from pathlib import Path

from pnas.config import Settings
from pnas.config.task_specs import TASKS
from pnas.errors import require
from pnas.reports.data.run_comparison import check_comparable
from pnas.reports.data.run_reader import read_run
from pnas.reports.html.search_report import REPORT, write_report
from pnas.runs.command_context import Context
from pnas.runs.run_selection import run_dirs
from pnas.runs.run_source import source_dir


def run(settings: Settings, context: Context) -> None:
    """Read the journals and write the page.

    Raises:
        InvalidValue: a run without an ended child, runs that cannot be compared, or another kind of file.
    """
    task = settings.task
    homes = run_dirs(task.files) if task.files else [source_dir(settings)]
    runs = [read_run(home) for home in homes]
    if not task.mixed:
        check_comparable(runs)
    path = _output(settings, context, homes)
    write_report(runs, path, TASKS)
    context.console.print(f"report: {path}", soft_wrap=True, markup=False, highlight=False)


def _output(settings: Settings, context: Context, homes: list[Path]) -> Path:
    if settings.task.output is None:
        return (context.run_dir if settings.task.files and len(homes) > 1 else homes[0]) / REPORT
    path = Path(settings.task.output).expanduser()
    require(path.parent.is_dir(), "task.output", "must lie in an existing directory", str(path))
    return path
