"""How far a search's predictor can be trusted: every figure that summary.json has, as a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pnas.reports.data.number_format import correlation, decimal
from pnas.reports.terminal.result_tables import last_stages, loss_definition
from pnas.reports.terminal.text_grid import Column, Grid

Stage = Mapping[str, Any]


def predictor_table(stages: Sequence[Stage], last: int | None = None) -> Grid | None:
    """Return one row for the fit after each of summary.json's stages; None if nothing was fitted.

    Of many fits, only the ``last`` are shown.

    A correlation has the ends of its 95 % bootstrap interval beside it, where they are known.
    """
    fitted = [stage for stage in stages if _has_fit(stage.get("predictor"))]
    if not fitted:
        return None
    shown, title = last_stages(fitted, "Predictor", last)
    return Grid.of(title, _columns(shown), shown)


def _has_fit(learned: Any) -> bool:
    """Whether a predictor was fitted: a search without one may know something of its rungs."""
    if not isinstance(learned, Mapping):
        return False
    return any(value is not None for name, value in learned.items() if name != "rungs")


def _columns(stages: Sequence[Stage]) -> tuple[Column, ...]:
    return (
        Column("after stage", lambda stage: str(stage["b"])),
        Column("loss", _plain(decimal, "loss"), about=loss_definition(stages)),
        Column(
            "ρ fit",
            _plain(correlation, "spearman_fit"),
            about="Spearman's rank correlation on the cells of the fit, biased upwards",
        ),
        Column(
            "ρ unseen",
            _of_fit("spearman", "cv"),
            about="by cross-validation, on cells that a fit has not seen, with 95 % interval",
        ),
        Column(
            "τ unseen",
            _of_fit("kendall", "cv"),
            about="Kendall's rank correlation on the same cells",
        ),
        Column(
            "ρ chosen",
            _of_chosen("spearman"),
            about="on the cells chosen for the next stage, among which predictions differ little",
        ),
        Column("τ chosen", _of_chosen("kendall")),
        Column(
            "ρ probe",
            _of_selection("spearman", "probe"),
            about="on a random sample of the next stage (search.probe)",
        ),
        Column("τ probe", _of_selection("kendall", "probe")),
        Column(
            "regret",
            _plain(decimal, "choice_next", "regret"),
            about="best reward of the probe minus best reward of the chosen cells",
        ),
        Column(
            "advantage",
            _plain(decimal, "choice_next", "advantage"),
            about="mean reward of the chosen cells minus that of the probe",
        ),
    )


def _value(stage: Stage, *path: str) -> float | None:
    node: Any = stage["predictor"]
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, int | float) else None


def _plain(show: Callable[[float | None], str], *path: str) -> Callable[[Stage], str]:
    return lambda stage: show(_value(stage, *path))


def _of_fit(name: str, cells: str) -> Callable[[Stage], str]:
    """Return what shows a correlation of the fit: ``spearman_cv``, ``spearman_cv_low``, ..."""
    return lambda stage: _interval(stage, f"{name}_{cells}")


def _of_selection(name: str, cells: str) -> Callable[[Stage], str]:
    """Return what shows a correlation on the next stage's chosen cells, or on its probe."""
    return lambda stage: _interval(stage, "choice_next", cells, name)


def _of_chosen(name: str) -> Callable[[Stage], str]:
    """Return what shows it on the chosen cells; where there is no probe, these are all cells."""
    alone = _of_selection(name, "chosen")
    together = _of_fit(name, "next")
    return lambda stage: alone(stage) or together(stage)


def _interval(stage: Stage, *path: str) -> str:
    value = correlation(_value(stage, *path))
    *parents, name = path
    low = _value(stage, *parents, f"{name}_low")
    high = _value(stage, *parents, f"{name}_high")
    if not value or low is None or high is None:
        return value
    return f"{value} [{low:.2f}, {high:.2f}]"
