"""What a search leaves to look at: plot, report, drawings of its best cell and of the network."""

import logging
from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from pnas.children import NetworkSpec
from pnas.config.task_specs import TASKS
from pnas.errors import InvalidValue, NotWritable
from pnas.reports.cells.cell_drawing import cell_svg
from pnas.reports.cells.network_drawing import network_svg
from pnas.reports.charts.search_plot import plot_search
from pnas.reports.data.run_view import RunView
from pnas.reports.html.search_report import REPORT, write_report
from pnas.system.atomic_write import write_text

PLOT = "search.png"
CELL = "best_cell.svg"
NETWORK = "network.svg"
PICTURES = (PLOT, REPORT, CELL, NETWORK)

_log = logging.getLogger(__name__)


def leave_pictures(run: RunView, network: NetworkSpec) -> None:
    """Draw everything anew. A picture that fails is logged, and ends no search.

    Args:
        run: The search.
        network: Network around the cells.

    Raises:
        NotWritable: There is no room or no permission.
    """
    if not run.ended:
        return
    _try(PLOT, lambda: plot_search(run.cells, run.path / PLOT))
    _try(CELL, lambda: _draw_best(run, network))
    _try(REPORT, lambda: write_report([run], run.path / REPORT, TASKS))


def _draw_best(run: RunView, network: NetworkSpec) -> None:
    cell = run.found_cell
    if cell is None:
        return
    _write_svg(run.path / CELL, cell_svg(cell, network.concat))
    # A search of a table built no network.
    if run.value("trainer.table") is None:
        _write_svg(run.path / NETWORK, network_svg(network, cell))


def _write_svg(path: Path, picture: Markup) -> None:
    write_text(path, f"{picture}\n")


def _try(name: str, draw: Callable[[], object]) -> None:
    try:
        draw()
    except NotWritable:
        raise
    except InvalidValue as error:
        _log.warning("%s was not made: %s", name, error)
    except Exception:
        # The result of hours is in the journal; task=report can make a picture of it again.
        _log.warning("%s was not made", name, exc_info=True)
