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
from pnas.reports.data.scored_cell import ScoredCell
from pnas.reports.html.ranking_page import write_ranking
from pnas.reports.terminal.result_tables import ranking_table
from pnas.runs.command_context import Context
from pnas.runs.run_source import source_dir

_BOTH = ("ranking.png", "ranking.html")


def run(settings: Settings, context: Context) -> None:
    """Read the cells, print the ranking, draw it."""
    task = settings.task
    outputs = _outputs(settings, context)
    cells = history_first(read_files(task.files or [_children_of(source_dir(settings))]))
    ranking_table(cells, task.order, task.top).print(context.console)
    for path in outputs:
        _write(task, cells, path)
        kind = "page" if path.suffix.lower() == ".html" else "plot"
        context.console.print(f"{kind}: {path}", soft_wrap=True, markup=False)


def _children_of(run_dir: Path) -> Path:
    path = run_dir / CHILDREN
    require(
        path.is_file(),
        "from",
        f"must be a run that has finished a stage (it has no {CHILDREN})",
        str(run_dir),
    )
    return path


def _write(task: RankTask, cells: Sequence[ScoredCell], path: Path) -> None:
    if path.suffix.lower() == ".html":
        write_ranking(cells, path, task.order, task.overlay, task.top)
    elif task.overlay:
        plot_overlay(by_source(cells), path, task.order)
    else:
        plot_ranking(cells, path, task.order)


def _outputs(settings: Settings, context: Context) -> list[Path]:
    """What to write: a picture and a page, or the one that ``task.output`` names."""
    if settings.task.output is None:
        home = context.run_dir if settings.task.files else source_dir(settings)
        return [home / name for name in _BOTH]
    path = Path(settings.task.output).expanduser()
    require(
        path.suffix.lower() in (".png", ".svg", ".html"),
        "task.output",
        "must end in .png, .svg or .html",
        str(path),
    )
    require(path.parent.is_dir(), "task.output", "must lie in an existing directory", str(path))
    return [path]
