"""Tables, plots and drawings made from the records of a search, and from ranking files."""

from pnas.reports.draw import cell_figure, draw_cell
from pnas.reports.plot import plot_ranking, plot_search
from pnas.reports.readers import find_files, read_files, read_scores
from pnas.reports.scores import ScoredCell, from_children, ranked, stages_of
from pnas.reports.table import best_table, ranking_table, stage_table

__all__ = [
    "ScoredCell",
    "best_table",
    "cell_figure",
    "draw_cell",
    "find_files",
    "from_children",
    "plot_ranking",
    "plot_search",
    "ranked",
    "ranking_table",
    "read_files",
    "read_scores",
    "stage_table",
    "stages_of",
]
