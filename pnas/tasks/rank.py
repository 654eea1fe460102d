"""`task=rank`: sort, print and plot trained or scored cells; a picture and a page to explore."""

from collections.abc import Sequence
from pathlib import Path

from pnas.config import Settings
from pnas.config.task_specs import RankTask
from pnas.errors import require
from pnas.records.run_directory import CHILDREN
from pnas.reports.charts.ranking_plot import plot_overlay, plot_ranking
from pnas.reports.data.ranking_files import read_files
from pnas.reports.data.rankings import by_source, history_first
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.scored_cell import ScoredCell, from_children
from pnas.reports.html.ranking_page import write_ranking
from pnas.reports.terminal.result_tables import ranking_table
from pnas.runs.command_context import Context
from pnas.runs.output_path import check_output_file, writable_folder
from pnas.runs.run_source import source_dir
from pnas.system.console import print_line

_DEFAULT_NAMES = ("ranking.png", "ranking.html")
_PAGE = ".html"
_SUFFIXES = (".png", ".svg", _PAGE)


def run(settings: Settings, context: Context) -> None:
    """Read the cells, print the ranking, draw it.

    Args:
        settings: Settings of the command.
        context: The command around the task.
    """
    task = settings.task
    outputs = _outputs(settings, context)
    cells = history_first(read_files(task.files) if task.files else _cells_of_run(settings))
    ranking_table(cells, task.order, task.top).print(context.console)
    for path in outputs:
        _write(task, cells, path)
        kind = "page" if _is_page(path) else "plot"
        print_line(context.console, f"{kind}: {path}")


def _cells_of_run(settings: Settings) -> Sequence[ScoredCell]:
    """Return the cells of the run that ``from`` names; of one that is not over, those so far."""
    run_dir = source_dir(settings)
    path = run_dir / CHILDREN
    run = read_run(run_dir)
    if run.status == "finished" and path.is_file():
        return read_files(path)
    rule = "must be a run in which a child has been trained"
    require(run.best is not None, "from", rule, str(run_dir))
    return from_children(run.ended, growing_stages=run.growing_stages)


def _write(task: RankTask, cells: Sequence[ScoredCell], path: Path) -> None:
    if _is_page(path):
        write_ranking(cells, path, task.order, task.overlay, task.top)
    elif task.overlay:
        plot_overlay(by_source(cells), path, task.order)
    else:
        plot_ranking(cells, path, task.order)


def _outputs(settings: Settings, context: Context) -> list[Path]:
    """Return the files to write: a picture and a page, or the one that ``task.output`` names."""
    if settings.task.output is None:
        of_source = context.run_dir if settings.task.files else source_dir(settings)
        folder = writable_folder(of_source)
        return [folder / name for name in _DEFAULT_NAMES]

    path = Path(settings.task.output).expanduser()
    has_known_suffix = path.suffix.lower() in _SUFFIXES
    require(has_known_suffix, "task.output", "must end in .png, .svg or .html", str(path))
    return [check_output_file(settings.task.output)]


def _is_page(path: Path) -> bool:
    return path.suffix.lower() == _PAGE
