"""What a search leaves to be looked at: its plot, its report, drawings of its best cell and of the network."""

import logging
from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from pnas.children.spec import NetworkSpec
from pnas.config.task_specs import TASKS
from pnas.errors import InvalidValue, NotWritable
from pnas.reports.cells.cell_drawing import cell_svg
from pnas.reports.cells.network_drawing import network_svg
from pnas.reports.charts.search_plot import plot_search
from pnas.reports.data.run_reader import RunView, read_run
from pnas.reports.html.search_report import REPORT, write_report
from pnas.system.atomic_write import write_text

PLOT = "search.png"
CELL = "best_cell.svg"
NETWORK = "network.svg"
PICTURES = (PLOT, REPORT, CELL, NETWORK)

_log = logging.getLogger(__name__)


def leave_pictures(run_dir: Path, network: NetworkSpec, status: str) -> None:
    """Draw everything anew from the journal. What cannot be drawn is said, and ends no search.

    Args:
        run_dir: holds the journal.
        network: the network around the cells.
        status: of the search, which the journal of a search that is just ending may not know yet.
    """
    run = read_run(run_dir, status)
    if not run.ended:
        return
    _try(lambda: plot_search(run.cells, run_dir / PLOT), PLOT)
    _try(lambda: _draw_best(run, network), CELL)
    _try(lambda: write_report([run], run_dir / REPORT, TASKS), REPORT)


def _draw_best(run: RunView, network: NetworkSpec) -> None:
    if run.best is not None:
        _write_svg(run.path / CELL, cell_svg(run.best.cell, network.concat))
        if run.value("trainer.table") is None:  # else nothing was built
            _write_svg(run.path / NETWORK, network_svg(network, run.best.cell))


def _write_svg(path: Path, picture: Markup) -> None:
    write_text(path, f"{picture}\n")


def _try(draw: Callable[[], object], name: str) -> None:
    try:
        draw()
    except NotWritable:
        raise
    except InvalidValue as error:
        _log.warning("%s was not made: %s", name, error)
    except Exception:
        # The result of hours is in the journal; a picture of it can be made again by task=report.
        _log.warning("%s was not made", name, exc_info=True)
