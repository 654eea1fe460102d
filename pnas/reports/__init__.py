"""Tables, plots and drawings made from the records of a search, and from ranking files."""

from pnas.reports.cells.cell_drawing import cell_svg, draw_cell
from pnas.reports.charts.ranking_plot import plot_overlay, plot_ranking
from pnas.reports.charts.search_plot import plot_search
from pnas.reports.data.ranking_files import find_files, read_files, read_scores
from pnas.reports.data.scored_cell import ScoredCell, from_children, ranked, stages_of
from pnas.reports.terminal.result_tables import best_table, ranking_table, stage_table

__all__ = [
    "ScoredCell",
    "best_table",
    "cell_svg",
    "draw_cell",
    "find_files",
    "from_children",
    "plot_overlay",
    "plot_ranking",
    "plot_search",
    "ranked",
    "ranking_table",
    "read_files",
    "read_scores",
    "stage_table",
    "stages_of",
]
