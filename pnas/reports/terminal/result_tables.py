"""The tables of a search: a ranking, the best cells, the stages and the predictor's quality."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pnas.reports.data.distinct_cells import best_cells_first, describe_size
from pnas.reports.data.number_format import (
    correlation,
    count,
    decimal,
    duration,
    stopping,
)
from pnas.reports.data.scored_cell import ScoredCell, short_names
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.system.wording import plural

_Item = tuple[int, ScoredCell]

_Stage = Mapping[str, Any]


def ranking_table(
    cells: Sequence[ScoredCell],
    order: str = "sorted",
    top: int | None = None,
    title: str | None = None,
    winner: Mapping[str, Any] | None = None,
) -> Grid:
    """Return a ranking; what is not known of any cell (predictions, parameters) has no column.

    Args:
        cells: Cells in training order.
        order: "sorted" (each cell once, the winner first, then the best) or "training" (each
            training).
        top: Number of rows, in either order the first ones; None for all.
        title: Title; by default the number of cells.
        winner: The winner as summary.json has it, to be marked; None for none.
    """
    is_sorted = order == "sorted"
    ordered = best_cells_first(cells, winner) if is_sorted else list(cells)
    shown = list(enumerate(ordered[:top], start=1))
    place = Column("rank" if is_sorted else "child", lambda item: f"{item[0]:,}")
    names = short_names(cell.source for cell in cells)
    columns = [place, _winner_column(winner), *_cell_columns(names)]
    if title is None:
        size = plural(len(ordered), "cell") if is_sorted else describe_size(cells)
        title = _ranking_title(size, order, len(shown), len(ordered))
    return Grid.of(title, columns, shown)


def best_table(
    cells: Sequence[ScoredCell],
    top: int = 5,
    title: str = "Best cells",
    winner: Mapping[str, Any] | None = None,
) -> Grid:
    """Return the winner and the cells of highest reward; those without a reward are left out.

    Args:
        cells: Cells in training order.
        top: Number of rows.
        title: Title of the table.
        winner: The winner as summary.json has it, to be marked; None for none.
    """
    measured = [cell for cell in cells if cell.reward is not None]
    return ranking_table(measured, top=top, title=title, winner=winner)


def _winner_column(winner: Mapping[str, Any] | None) -> Column:
    """Return the column that marks the winner, which is empty if there is none."""

    def show(item: _Item) -> str:
        return "*" if item[1].is_winner(winner) else ""

    return Column("winner", show)


def _ranking_title(size: str, order: str, shown: int, total: int) -> str:
    which = "best first" if order == "sorted" else "in training order"
    first = f" (the first {shown:,})" if shown < total else ""
    return f"{size}, {which}{first}"


def _cell_columns(names: Mapping[str, str]) -> Iterator[Column]:
    """Yield the columns that show cells.

    Args:
        names: Name of each file or run that cells come from.
    """
    for title, show in _CELL_FIGURES.items():
        yield _cell_column(title, show)
    for title, show in _CELL_TEXTS.items():
        yield _cell_column(title, show, prose=True)
    if len(names) > 1:
        yield _cell_column("file", lambda cell: names[cell.source], prose=True)


def _cell_column(title: str, show: Callable[[ScoredCell], str], prose: bool = False) -> Column:
    def show_item(item: _Item) -> str:
        return show(item[1])

    return Column(title, show_item, prose)


def _failure(cell: ScoredCell) -> str:
    if not cell.has_failed:
        return ""
    return cell.error or "for no known reason"


_CELL_FIGURES: dict[str, Callable[[ScoredCell], str]] = {
    "reward": lambda cell: decimal(cell.reward),
    "trainings": lambda cell: count(cell.trainings),
    "expected": lambda cell: decimal(cell.expected),
    "predicted": lambda cell: decimal(cell.predicted),
    "blocks": lambda cell: str(len(cell.cell)),
    "parameters": lambda cell: count(cell.params),
    "multiply-adds": lambda cell: count(cell.flops),
    "training": lambda cell: duration(cell.seconds),
}

_CELL_TEXTS: dict[str, Callable[[ScoredCell], str]] = {
    "cell": lambda cell: str(cell.cell),
    "stopped early": lambda cell: stopping(cell.stopped_after),
    "failed": _failure,
}


def stage_table(stages: Sequence[_Stage], title: str = "Stages", last: int | None = None) -> Grid:
    """Return one row for each of summary.json's stages, or for the ``last`` of them.

    A row shows the loss of the predictor's fit and its rank correlation (Spearman's ρ) with the
    rewards it was fitted on and with those of the next stage.
    """
    columns = (
        Column("stage", _stage_name),
        Column("blocks", _blocks),
        _stage_column("candidates", count, "candidates_scored"),
        _stage_column("children", count, "children"),
        Column("trained", _trained_so_far),
        _stage_column("stopped", _count_if_any, "stopped", about=_STOPPED),
        _stage_column("failed", count, "failed"),
        _stage_column("left out", _count_if_any, "left_out", about=_LEFT_OUT),
        _stage_column("best", decimal, "best_reward"),
        _stage_column("mean", decimal, "mean_reward"),
        _stage_column("loss", decimal, "predictor", "loss", about=loss_definition(stages)),
        _stage_column("ρ fit", correlation, "predictor", "spearman_fit", about=RHO_FIT),
        _stage_column("ρ next", correlation, "predictor", "spearman_next", about=RHO_NEXT),
        _stage_column("training", duration, "seconds_training", about=_CHILD_TIME),
        _stage_column("scoring", duration, "seconds_scoring"),
    )
    shown, title = last_stages(stages, title, last)
    return Grid.of(title, columns, shown)


def _stage_name(stage: _Stage) -> str:
    if stage.get("confirms"):
        return f"{stage['b']} (confirmation)"
    epochs = stage.get("epochs")
    return f"{stage['b']} ({plural(epochs, 'epoch')})" if epochs else str(stage["b"])


def _blocks(stage: _Stage) -> str:
    """Return the size of a stage's cells; a stage of a mixed start has small and full-size ones."""
    most = stage.get("blocks")
    fewest = stage.get("fewest_blocks", most)
    return count(most) if fewest == most else f"{fewest} to {most}"


def last_stages(
    stages: Sequence[_Stage], title: str, last: int | None
) -> tuple[Sequence[_Stage], str]:
    """Return the ``last`` of many stages, and a title that says so."""
    if last is None or len(stages) <= last:
        return stages, title
    return stages[-last:], f"{title} (the last {last} of {len(stages):,})"


def _trained_so_far(stage: _Stage) -> str:
    """Return the number of trained children of a stage that has more to train."""
    trained = stage.get("trained")
    if trained is None:
        return ""
    ended = trained + stage["failed"] + stage.get("stopped", 0) + stage.get("left_out", 0)
    return "" if ended == stage["children"] else count(trained)


def _count_if_any(number: int | None) -> str:
    return count(number) if number else ""


_STOPPED = "trainings that were ended early, since they would hardly have become one of the best"
_LEFT_OUT = "measured to break a constraint, and so not trained"
_CHILD_TIME = "total of the stage's children, several of which may run at once"
RHO_FIT = "Spearman's rank correlation of predictions and rewards, on the cells of the fit"
RHO_NEXT = "the same, on the cells chosen for the next stage, before they were trained"

_LOSSES = {
    "gp": "negative log likelihood per cell of the Gaussian process; lower is better, also below 0",
    "lstm": "training loss of the predictor; lower is better",
    "mlp": "training loss of the predictor; lower is better",
}


def loss_definition(stages: Sequence[_Stage]) -> str:
    """Return what the column of losses means, by the predictors that the stages name."""
    definitions = []
    for stage in stages:
        kind = (stage.get("predictor") or {}).get("kind")
        definition = _LOSSES.get(str(kind), "")
        if definition and definition not in definitions:
            definitions.append(definition)
    return "; ".join(definitions)


def _stage_column(title: str, show: Callable[[Any], str], *path: str, about: str = "") -> Column:
    """Return a column of the value at ``path`` of a stage, nothing where it is missing."""

    def show_stage(stage: _Stage) -> str:
        value: Any = stage
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return show(value)

    return Column(title, show_stage, about=about)
