"""What to run next, after what a search has shown: each a reason and a command."""

import shlex
from collections.abc import Collection, Iterator
from typing import NamedTuple

from pnas.reports.data.run_reader import RunView
from pnas.reports.data.scored_cell import from_children, ranked

_LOW_RHO = 0.2
"""A predictor that ranks the next stage's cells no better than this chooses them almost at random."""

_MANY_FAILED = 0.1
_CLOSE = 0.005
_COMPARED = 5


class Advice(NamedTuple):
    """``command`` is what to type, "" where there is nothing to type."""

    reason: str
    command: str


def advise(run: RunView, tasks: Collection[str] = ()) -> list[Advice]:
    """The steps that the facts of ``run`` suggest, the most urgent first; ``tasks`` are those that exist."""
    return [
        *_unfinished(run),
        *_failures(run),
        *_winner(run, tasks),
        *_predictor(run),
        *_growth(run),
        *_noise(run),
    ]


def _unfinished(run: RunView) -> Iterator[Advice]:
    if run.status in ("interrupted", "failed"):
        done = len(run.ended)
        reason = f"The search is not finished ({run.status}). The command it was started with continues it; "
        yield Advice(f"{reason}{done} children are kept.", "")
    elif run.stopped_by:
        yield Advice(
            f"A budget ended the search ({run.stopped_by}). The same command with more goes on.", ""
        )


def _failures(run: RunView) -> Iterator[Advice]:
    if run.failed and len(run.failed) > _MANY_FAILED * len(run.children):
        share = f"{len(run.failed)} of {len(run.children)} children failed"
        yield Advice(f"{share}: the logs say why.", f"ls {shlex.quote(str(run.path / 'errors'))}")


def _winner(run: RunView, tasks: Collection[str]) -> Iterator[Advice]:
    if run.status == "finished" and run.best is not None and "train" in tasks:
        yield Advice("Train the best cell to its end.", f"python run.py task=train {_source(run)}")


def _predictor(run: RunView) -> Iterator[Advice]:
    rho = run.last_rho
    if rho is not None and rho < _LOW_RHO:
        reason = f"The predictor ranked the cells of the last stage hardly better than chance (ρ = {rho:.2f}): "
        yield Advice(
            f"{reason}compare predictors on your data.", "python experiments/compare_controllers.py"
        )


def _growth(run: RunView) -> Iterator[Advice]:
    B = run.value("state_space.B")
    K = run.value("controller.K")
    if run.status != "finished" or run.best is None or not isinstance(B, int):
        return
    size = len(run.best.cell)  # not its stage: rounds of refinement are stages of the largest cells
    if size == B:
        reason = f"The best cell is among the largest (b = {B}): larger ones may be better still. The same command with"
        yield Advice(reason, f"state_space.B={B + 1}")
    elif isinstance(K, int):
        reason = f"Cells larger than {size} did not win: a wider beam may. The same command with"
        yield Advice(reason, f"controller.K={2 * K}")
    if run.value("state_space.kind") == "pnas" and any(stage.predictor for stage in run.stages):
        command = f"python run.py task=score {_source(run)} state_space.B={B + 1}"
        yield Advice(
            "See which larger cells the predictor expects most of, without training them.", command
        )


def _noise(run: RunView) -> Iterator[Advice]:
    best = [
        cell.reward
        for cell in ranked(from_children(run.children))[:_COMPARED]
        if cell.reward is not None
    ]
    if len(best) == _COMPARED and best[0] - best[-1] < _CLOSE:
        reason = f"The {_COMPARED} best cells lie within {best[0] - best[-1]:.4f} of each other: other seeds may order "
        yield Advice(
            f"{reason}them otherwise. The same search with other seeds:",
            "python run.py -m seed=1,2,3",
        )


def _source(run: RunView) -> str:
    return shlex.quote(f"from={run.path}")
