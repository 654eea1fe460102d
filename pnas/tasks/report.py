"""`task=report`: one HTML file about a run, or about several side by side."""

from pathlib import Path

from pnas.config import Settings
from pnas.config.task_specs import TASKS
from pnas.reports.data.run_comparison import check_comparable
from pnas.reports.data.run_reader import read_run
from pnas.reports.html.search_report import REPORT, write_report
from pnas.runs.command_context import Context
from pnas.runs.output_path import check_output_file, writable_folder
from pnas.runs.run_selection import select_run_dirs
from pnas.runs.run_source import source_dir
from pnas.system.console import print_line


def run(settings: Settings, context: Context) -> None:
    """Read the journals and write the page.

    Args:
        settings: Settings of the command.
        context: The command around the task.

    Raises:
        InvalidValue: A run has no child that has ended, the runs cannot be compared, or the output
            is another kind of file.
    """
    task = settings.task
    run_dirs = select_run_dirs(task.files) if task.files else [source_dir(settings)]
    runs = [read_run(run_dir) for run_dir in run_dirs]
    if not task.mixed:
        check_comparable(runs)
    path = _output(settings, context, run_dirs)
    write_report(runs, path, TASKS)
    print_line(context.console, f"report: {path}")


def _output(settings: Settings, context: Context, run_dirs: list[Path]) -> Path:
    if settings.task.output is not None:
        return check_output_file(settings.task.output)
    is_comparison = settings.task.files and len(run_dirs) > 1
    folder = context.run_dir if is_comparison else run_dirs[0]
    return writable_folder(folder) / REPORT
