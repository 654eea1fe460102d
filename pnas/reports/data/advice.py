"""What to run next, after what a search has shown: each a reason and a command."""

import shlex
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from pnas.reports.data.budget_end import budget_end
from pnas.reports.data.distinct_cells import best_cells_first
from pnas.reports.data.number_format import count_children
from pnas.reports.data.run_reader import RunView
from pnas.system.console import command_name

# A predictor that orders the next stage's cells no better chooses them almost at random.
_LOW_RHO = 0.2

_LARGE_FAILED_SHARE = 0.1
_COMPARED_CELLS = 5

# Rewards of one cell differ by about as much from seed to seed.
_CLOSE_REWARDS = 0.005

_SEEDS = "seed=1,2,3"
_PREDICTORS = "gp,lstm,mlp"

# In an override whose value holds credentials: it names a variable of the process that is gone.
_HIDDEN_VALUE = "PNAS_HIDDEN_"


class Advice(NamedTuple):
    """One step.

    Attributes:
        reason: Why to take it.
        command: A whole command to paste, "" where there is none.
    """

    reason: str
    command: str


def advise(run: RunView, tasks: Collection[str] = ()) -> list[Advice]:
    """Return the steps that the facts of ``run`` suggest, the most urgent first.

    Args:
        run: The run.
        tasks: Names of the tasks that exist.
    """
    if run.training is not None:
        return [*_continue_training(run), *_export_best(run, tasks)]
    return [
        *_continue_search(run),
        *_inspect_failures(run),
        *_train_winner(run, tasks),
        *_compare_predictors(run),
        *_enlarge_search(run, tasks),
        *_repeat_with_seeds(run),
    ]


def _continue_search(run: RunView) -> Iterator[Advice]:
    if run.status in ("interrupted", "failed"):
        ended = len(run.ended)
        kept = f"{count_children(ended)} {'is' if ended == 1 else 'are'}"
        reason = (
            f"The search is not finished ({run.status}); {kept} kept. "
            "The command it was started with continues it."
        )
        yield Advice(reason, _search_command(run))
        return

    ended_by = budget_end(run.stopped_by, run.children, run.winner, run.config)
    if ended_by is not None:
        key, _, value = ended_by.limit.partition("=")
        raised = _twice(value)
        said = ended_by.describe()
        reason = f"A budget ended the search ({said}); a larger one continues it"
        if ended_by.is_winner_known:
            reason = f"{said[0].upper()}{said[1:]}; a larger budget continues the search"
        if raised:
            yield _search_with(run, reason, f"{key}={raised}")
        else:
            yield Advice(f"{reason}.", "")


def _continue_training(run: RunView) -> Iterator[Advice]:
    if run.status in ("interrupted", "failed"):
        reason = (
            f"Not every training is finished ({run.status}); {len(run.ended)} of "
            f"{len(run.children)} are over. The command they were started with continues them."
        )
        yield Advice(reason, _search_command(run))


def _export_best(run: RunView, tasks: Collection[str]) -> Iterator[Advice]:
    if run.status == "finished" and run.best is not None and "export" in tasks:
        reason = "Write the best trained model in formats that other programs read."
        yield Advice(reason, f"{command_name()} task=export {_source(run)}")


def _twice(value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return ""
    return f"{2 * number:g}"


def _inspect_failures(run: RunView) -> Iterator[Advice]:
    failed = len(run.failed)
    if failed > _LARGE_FAILED_SHARE * len(run.children):
        reason = f"{failed} of {len(run.children)} children failed: the logs say why."
        yield Advice(reason, f"ls {shlex.quote(str(run.path / 'errors'))}")


def _train_winner(run: RunView, tasks: Collection[str]) -> Iterator[Advice]:
    if run.status == "finished" and run.best is not None and "train" in tasks:
        yield Advice(
            "Train the best cell to its end.", f"{command_name()} task=train {_source(run)}"
        )


def _compare_predictors(run: RunView) -> Iterator[Advice]:
    # The cells of a round are all thought good: how they are ordered says little.
    rho = run.unseen_rho if run.is_refined else run.last_rho
    if rho is None or rho >= _LOW_RHO:
        return
    which = "cells that it had not seen" if run.is_refined else "the cells of the last stage"
    reason = (
        f"The predictor ordered {which} hardly better than chance "
        f"(ρ = {rho:.2f}): compare predictors on your data."
    )
    command = f"{command_name()} -m controller={_PREDICTORS}"
    overrides = _without(run.overrides, ("name", "controller"))
    yield Advice(reason, _join(command, overrides))


def _enlarge_search(run: RunView, tasks: Collection[str]) -> Iterator[Advice]:
    B = run.B
    K = run.value("controller.K")
    if run.status != "finished" or run.found_cell is None or B is None:
        return
    # A table holds cells up to its own B, and cells of other spaces have one size.
    may_grow = run.value("state_space.kind") == "pnas" and not run.is_tabular
    # What has been stopped early was so by the stages of this K.
    stops_early = bool(run.value("search.early_stop"))
    size = len(run.found_cell)  # not its stage: rounds of refinement are later stages
    if size == B and may_grow:
        reason = f"The best cell is among the largest (b = {B}); larger ones may be better still"
        yield _larger_cells(run, reason, B + 1)
    elif size < B and isinstance(K, int) and not (run.has_mixed_start or stops_early):
        reason = f"Cells larger than {size} did not win; a wider beam may find better ones"
        yield _search_with(run, reason, f"controller.K={2 * K}")

    has_predictor = any("kind" in (stage.predictor or {}) for stage in run.stages)
    if may_grow and has_predictor and "score" in tasks:
        reason = "See which larger cells the predictor expects most of, without training them."
        yield Advice(reason, f"{command_name()} task=score {_source(run)} state_space.B={B + 1}")


def _larger_cells(run: RunView, reason: str, B: int) -> Advice:
    if not run.has_mixed_start:
        return _search_with(run, reason, f"state_space.B={B}")
    # Its first stage has cells of full size, so that another size is another search.
    if not _can_repeat(run):
        return Advice(f"{reason}: search again with state_space.B={B} and another name.", "")
    overrides = [*_without(run.overrides, ("name", "state_space.B")), f"state_space.B={B}"]
    return Advice(f"{reason}.", _join(command_name(), [f"name={run.path.name}_B{B}", *overrides]))


def _repeat_with_seeds(run: RunView) -> Iterator[Advice]:
    if run.winner is not None:
        return  # the best cells were trained again already
    rewards = []
    for cell in best_cells_first(run.cells)[:_COMPARED_CELLS]:
        if cell.reward is not None:
            rewards.append(cell.reward)
    if len(rewards) < _COMPARED_CELLS:
        return

    difference = max(rewards) - min(rewards)
    if difference < _CLOSE_REWARDS:
        reason = (
            f"The {_COMPARED_CELLS} best cells lie within {difference:.4f} of each other: "
            "other seeds may order them otherwise."
        )
        overrides = [*_without(run.overrides, ("name", "seed")), _SEEDS]
        yield Advice(reason, _join(f"{command_name()} -m", overrides) if run.overrides else "")


def _search_with(run: RunView, reason: str, override: str) -> Advice:
    """Return the search's own command with one override changed."""
    if not _can_repeat(run):
        return Advice(f"{reason}: add {override} to the command it was started with.", "")
    key = override.partition("=")[0]
    overrides = [*_without(run.overrides, (key,)), override]
    return Advice(f"{reason}.", _join(command_name(), overrides))


def _search_command(run: RunView) -> str:
    return _join(command_name(), _without(run.overrides, ())) if _can_repeat(run) else ""


def _can_repeat(run: RunView) -> bool:
    # A job of a sweep goes on with its sweep; runs of earlier versions store no command.
    return bool(run.overrides) and run.sweep is None


def _without(overrides: Iterable[str], keys: Sequence[str]) -> list[str]:
    """Return the overrides except those of ``keys``."""
    kept = []
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        if key not in keys and _HIDDEN_VALUE not in override:
            kept.append(override)
    return kept


def _join(command: str, overrides: Iterable[str]) -> str:
    words = [shlex.quote(override) for override in overrides]
    return " ".join([command, *words])


def _source(run: RunView) -> str:
    return shlex.quote(f"from={run.path}")
