"""Where the time of a search went, as a table."""

from collections.abc import Sequence

from pnas.reports.data.number_format import count, duration, percentage
from pnas.reports.data.run_view import RunView
from pnas.reports.data.stage_durations import StageDuration, stage_durations, sum_durations
from pnas.reports.terminal.text_grid import Column, Grid

_MOST_ROWS = 20


def duration_table(run: RunView) -> Grid:
    """Return one row a stage; of a search of many stages one row for several.

    What a table of rewards makes meaningless, training and workers, is left out for one.
    """
    rows = _merge(stage_durations(run))
    columns = _TABULAR_COLUMNS if run.is_tabular else _COLUMNS
    return Grid.of("Where the time went", columns, rows)


def _merge(durations: Sequence[StageDuration]) -> list[StageDuration]:
    if len(durations) <= _MOST_ROWS:
        return list(durations)
    stages_a_row = -(-len(durations) // _MOST_ROWS)
    rows = []
    for start in range(0, len(durations), stages_a_row):
        rows.append(sum_durations(durations[start : start + stages_a_row]))
    return rows


_STAGE = Column("stage", lambda row: row.name)
_CHILDREN = Column("children", lambda row: count(row.children))
_FITTING = Column("fitting", lambda row: duration(row.fitting))
_SCORING = Column("scoring", lambda row: duration(row.scoring))

_TABULAR_COLUMNS = (_STAGE, _CHILDREN, _FITTING, _SCORING)
_COLUMNS = (
    _STAGE,
    _CHILDREN,
    Column("training", lambda row: duration(row.training)),
    Column("a child", lambda row: duration(row.mean_child)),
    Column("workers busy", lambda row: percentage(row.busy)),
    _FITTING,
    _SCORING,
)
