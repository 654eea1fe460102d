"""The tables of the project: a ranking, the best cells of a search, and its stages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pnas.records import Status
from pnas.reports.data.scored_cell import ScoredCell, ranked, short_names
from pnas.reports.terminal.text_grid import Column, Grid


def ranking_table(
    cells: Sequence[ScoredCell],
    order: str = "sorted",
    top: int | None = None,
    title: str | None = None,
) -> Grid:
    """A ranking as a table; what is not known of any cell (params, predicted, ...) has no column.

    Args:
        cells: in training order.
        order: "sorted" (best first, see `ranked`) or "training".
        top: how many rows at most (None = all); in either order the first ones.
        title: of the table; a default says how many cells there are.
    """
    ordered = ranked(cells) if order == "sorted" else list(cells)
    shown = list(enumerate(ordered[:top], start=1))
    place = Column("rank" if order == "sorted" else "child", lambda item: f"{item[0]:,}")
    columns = [place, *_cell_columns(short_names(cell.source for cell in cells))]
    return Grid.of(title or _ranking_title(len(shown), len(cells), order), columns, shown)


def best_table(cells: Sequence[ScoredCell], top: int = 5, title: str = "Best cells") -> Grid:
    """The cells of highest reward, as a search ends with them; cells without a reward are left out."""
    return ranking_table([cell for cell in cells if cell.reward is not None], top=top, title=title)


def stage_table(stages: Sequence[Mapping[str, Any]], title: str = "Stages") -> Grid:
    """The stages of summary.json (its "stages" list), one row each.

    ``loss`` is the predictor's; ``ρ`` its rank correlation (Spearman) with the rewards it was fitted on and
    with the next stage's.
    """
    return Grid.of(title, _STAGE_COLUMNS, stages)


def decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def correlation(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def duration(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``3.1 min`` or ``2.1 h``: three figures or fewer up to 100 hours."""
    if seconds is None:
        return ""
    for unit, size in (("s", 1), ("min", 60), ("h", 3600)):
        if seconds < 99.5 * size or unit == "h":
            amount = seconds / size
            break
    return f"{amount:,.{0 if amount >= 9.95 else 1}f} {unit}"


def _ranking_title(shown: int, total: int, order: str) -> str:
    which = "best first" if order == "sorted" else "in training order"
    return f"{total:,} cells, {which}" + (f" (the first {shown:,})" if shown < total else "")


def _cell_columns(names: Mapping[str, str]) -> list[Column]:
    """Columns over (place, `ScoredCell`). ``names``: what to call each source."""
    columns = {
        "reward": lambda cell: decimal(cell.reward),
        "predicted": lambda cell: decimal(cell.predicted),
        "blocks": lambda cell: str(len(cell.cell)),
        "params": lambda cell: count(cell.params),
        "FLOPs": lambda cell: count(cell.flops),
        "time": lambda cell: duration(cell.seconds),
    }
    figures = [Column(title, _of_cell(show)) for title, show in columns.items()]
    prose = [Column("cell", _of_cell(lambda cell: str(cell.cell)), prose=True)]
    prose.append(Column("failed", _of_cell(_failure), prose=True))
    if len(names) > 1:
        prose.append(Column("file", _of_cell(lambda cell: names[cell.source]), prose=True))
    return [*figures, *prose]


def _of_cell(show: Callable[[ScoredCell], str]) -> Callable[[tuple[int, ScoredCell]], str]:
    return lambda item: show(item[1])


def _failure(cell: ScoredCell) -> str:
    return (cell.error or "for no known reason") if cell.status is Status.FAILED else ""


def _field(show: Callable[[Any], str], *path: str) -> Callable[[Mapping[str, Any]], str]:
    """Shows the value at ``path`` of a stage; nothing where a part of the path is missing or null."""

    def read(stage: Mapping[str, Any]) -> str:
        value: Any = stage
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return show(value)

    return read


_STAGE_COLUMNS = (
    Column("b", _field(str, "b")),
    Column("candidates", _field(count, "candidates_scored")),
    Column("children", _field(count, "children")),
    Column("failed", _field(count, "failed")),
    Column("best", _field(decimal, "best_reward")),
    Column("mean", _field(decimal, "mean_reward")),
    Column("loss", _field(decimal, "predictor", "loss")),
    Column("ρ fit", _field(correlation, "predictor", "spearman_fit")),
    Column("ρ next", _field(correlation, "predictor", "spearman_next")),
    Column("training", _field(duration, "seconds_training")),
    Column("scoring", _field(duration, "seconds_scoring")),
)
