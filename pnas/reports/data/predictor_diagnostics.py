"""How far a search's predictor can be trusted, stage by stage: every figure that summary.json has of it, as a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pnas.reports.terminal.result_tables import correlation, decimal
from pnas.reports.terminal.text_grid import Column, Grid

Stage = Mapping[str, Any]


def predictor_table(stages: Sequence[Stage]) -> Grid | None:
    """One row for the fit after each of ``stages`` (of summary.json); None where nothing has been fitted.

    A correlation stands with the ends of its 95 % bootstrap interval, where it has one. ``ρ`` is Spearman's, ``τ``
    Kendall's: on the cells of the fit, on cells that a fit had not seen (cross-validation), on those chosen for the
    next stage, and on its random probe. ``regret`` is what the choice missed of the probe's best reward, ``advantage``
    the mean reward of the chosen over that of the probe.
    """
    fitted = [stage for stage in stages if isinstance(stage.get("predictor"), Mapping)]
    return Grid.of("Predictor", _COLUMNS, fitted) if fitted else None


def _value(stage: Stage, *path: str) -> float | None:
    node: Any = stage["predictor"]
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, int | float) else None


def _plain(show: Callable[[float | None], str], *path: str) -> Callable[[Stage], str]:
    return lambda stage: show(_value(stage, *path))


def _learned(name: str, of: str) -> Callable[[Stage], str]:
    """A correlation that stands among the predictor's own figures: ``spearman_cv``, ``spearman_cv_low``, ..."""
    return lambda stage: _interval(
        *(_value(stage, f"{name}_{of}{end}") for end in ("", "_low", "_high"))
    )


def _judged(name: str, of: str) -> Callable[[Stage], str]:
    """One of the next stage's chosen cells or of its probe."""
    path = ("choice_next", of)
    return lambda stage: _interval(
        *(_value(stage, *path, f"{name}{end}") for end in ("", "_low", "_high"))
    )


def _chosen(name: str) -> Callable[[Stage], str]:
    """On the chosen cells alone where there is a probe as well, else on all of the next stage."""
    alone = _judged(name, "chosen")
    together = _learned(name, "next")
    return lambda stage: alone(stage) or together(stage)


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    ends = "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"
    return correlation(value) + ends if value is not None else ""


_COLUMNS = (
    Column("after b", lambda stage: str(stage["b"])),
    Column("loss", _plain(decimal, "loss")),
    Column("ρ fit", _plain(correlation, "spearman_fit")),
    Column("ρ unseen", _learned("spearman", "cv")),
    Column("τ unseen", _learned("kendall", "cv")),
    Column("ρ chosen", _chosen("spearman")),
    Column("τ chosen", _chosen("kendall")),
    Column("ρ probe", _judged("spearman", "probe")),
    Column("τ probe", _judged("kendall", "probe")),
    Column("regret", _plain(decimal, "choice_next", "regret")),
    Column("advantage", _plain(decimal, "choice_next", "advantage")),
)
