"""`task=rank`: sort, print and plot trained or scored cells."""

from pathlib import Path

from pnas.config import Settings
from pnas.errors import require
from pnas.records.rundir import CHILDREN
from pnas.reports.plot import plot_ranking
from pnas.reports.readers import read_files
from pnas.reports.table import ranking_table
from pnas.tasks.context import Context
from pnas.tasks.source import source_dir


def run(settings: Settings, context: Context) -> None:
    """Read the cells, print the ranking, draw it."""
    task = settings.task
    cells = read_files(task.files or [source_dir(settings) / CHILDREN])
    ranking_table(cells, task.order, task.top).print(context.console)
    plot_ranking(cells, output := _output(settings, context), task.order)
    context.console.print(f"plot: {output}", soft_wrap=True, markup=False)


def _output(settings: Settings, context: Context) -> Path:
    if settings.task.output is None:
        return (context.run_dir if settings.task.files else source_dir(settings)) / "ranking.png"
    path = Path(settings.task.output).expanduser()
    require(path.parent.is_dir(), "task.output", "must lie in an existing directory", str(path))
    return path
