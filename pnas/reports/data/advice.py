"""What to run next, after what a search has shown: each a reason and a command."""

import shlex
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from pnas.records.resumability import may_raise
from pnas.records.run_directory import TABLE
from pnas.reports.data.budget_end import budget_end
from pnas.reports.data.distinct_cells import best_cells_first
from pnas.reports.data.number_format import count_children
from pnas.reports.data.repeated_overrides import key_of, keys_of_one_predictor, without
from pnas.reports.data.run_view import RunView
from pnas.state_space.limits import MAX_BLOCKS
from pnas.system.console import shell_command

# A predictor that orders the next stage's cells no better chooses them almost at random.
_LOW_RHO = 0.2

_LARGE_FAILED_SHARE = 0.1
_COMPARED_CELLS = 5

# Rewards of one cell differ by about as much from seed to seed.
_CLOSE_REWARDS = 0.005

_SEEDS = "seed=1,2,3"
_PREDICTORS = ("gp", "lstm", "mlp")
_MAX_SECONDS = "search.max_seconds"

_BEFORE_A_SEARCH = ("tabulate", "preflight")
"""Tasks whose cells are not chosen by a search, so that nothing said of one holds."""


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
    if run.task in _BEFORE_A_SEARCH:
        return [*_continue_search(run), *_inspect_failures(run), *_search_next(run)]
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
            yield _search_with(run, reason, *_larger_budget(run, key, raised))
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
        yield Advice(reason, shell_command(["task=export", _source(run)]))


def _twice(value: str) -> float | None:
    try:
        return 2 * float(value)
    except ValueError:
        return None


def _larger_budget(run: RunView, key: str, limit: float) -> tuple[str, float]:
    """Return the key that people type for a budget, and its value there.

    A budget in seconds is refused beside one in minutes. Minutes lift the limit of children that an
    experiment sets, so that they are advised only where they were typed or there is none.
    """
    typed = {key_of(override) for override in run.overrides}
    if key != _MAX_SECONDS or _MAX_SECONDS in typed or not typed:
        return key, limit
    if "minutes" in typed or run.value("search.max_children") is None:
        return "minutes", limit / 60
    return key, limit


def _search_next(run: RunView) -> Iterator[Advice]:
    """Advise the search that a table or a preflight was made for."""
    if run.status != "finished":
        return
    if run.task == "tabulate":
        of_space = [override for override in run.overrides if _group_of(override) == "state_space"]
        table = [f"trainer.table={run.path / TABLE}"]
        yield Advice("Search by this table.", shell_command([*of_space, "trainer=tabular", *table]))
        return
    kept = [override for override in without(run.overrides, ("name",)) if not _is_of_task(override)]
    children = f"search.max_children={run.value('task.children')}"
    yield Advice("Search the space of these cells.", shell_command([*kept, children]))


def _group_of(override: str) -> str:
    return key_of(override).partition(".")[0]


def _is_of_task(override: str) -> bool:
    return _group_of(override) == "task"


def _inspect_failures(run: RunView) -> Iterator[Advice]:
    failed = len(run.failed)
    if failed > _LARGE_FAILED_SHARE * len(run.children):
        reason = f"{failed} of {len(run.children)} children failed: the logs say why."
        yield Advice(reason, f"ls {shlex.quote(str(run.path / 'errors'))}")


def _train_winner(run: RunView, tasks: Collection[str]) -> Iterator[Advice]:
    if run.status == "finished" and run.best is not None and "train" in tasks:
        command = shell_command(["task=train", _source(run)])
        yield Advice("Train the best cell to its end.", command)


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
    # Keys that only some of the predictors read are refused by the others.
    overrides = without(
        run.overrides, ("name", "controller", *keys_of_one_predictor(run.overrides, _PREDICTORS))
    )
    yield Advice(reason, shell_command([f"controller={','.join(_PREDICTORS)}", *overrides], "-m"))


def _enlarge_search(run: RunView, tasks: Collection[str]) -> Iterator[Advice]:
    B = run.B
    K = run.value("controller.K")
    if run.status != "finished" or run.found_cell is None or B is None:
        return
    # A table holds cells up to its own B, and cells of other spaces have one size.
    is_largest = B >= MAX_BLOCKS
    is_of_blocks = run.value("state_space.kind") == "pnas"
    may_grow = is_of_blocks and not (run.is_tabular or is_largest)
    size = len(run.found_cell)  # not its stage: rounds of refinement are later stages
    if size == B and may_grow:
        reason = f"The best cell is among the largest (b = {B}); larger ones may be better still"
        yield _larger_cells(run, reason, B + 1)
    elif isinstance(K, int) and _has_larger(run, size) and may_raise("controller.K", run.config):
        reason = f"Cells larger than {size} did not win; a wider beam may find better ones"
        yield _search_with(run, reason, "controller.K", 2 * K)

    has_predictor = any("kind" in (stage.predictor or {}) for stage in run.stages)
    if may_grow and has_predictor and "score" in tasks:
        reason = "See which larger cells the predictor expects most of, without training them."
        command = shell_command(["task=score", _source(run), f"state_space.B={B + 1}"])
        yield Advice(reason, command)


def _has_larger(run: RunView, size: int) -> bool:
    """Whether a cell of more than ``size`` blocks was trained: a budget may end a search before."""
    return any(child.reward is not None and len(child.cell) > size for child in run.ended)


def _larger_cells(run: RunView, reason: str, B: int) -> Advice:
    if may_raise("state_space.B", run.config):
        return _search_with(run, reason, "state_space.B", B)
    # Its first stages have cells of full size, so that another size is another search.
    if not _can_repeat(run):
        return Advice(f"{reason}: search again with state_space.B={B} and another name.", "")
    overrides = [*without(run.overrides, ("name", "state_space.B")), f"state_space.B={B}"]
    return Advice(f"{reason}.", shell_command([f"name={run.path.name}_B{B}", *overrides]))


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
        overrides = [*without(run.overrides, ("name", "seed")), _SEEDS]
        yield Advice(reason, shell_command(overrides, "-m") if run.overrides else "")


def _search_with(run: RunView, reason: str, key: str, value: float) -> Advice:
    """Return the search's own command with one override changed."""
    override = f"{key}={_as_typed(value)}"
    if not _can_repeat(run):
        return Advice(f"{reason}: add {override} to the command it was started with.", "")
    overrides = [*without(run.overrides, (key,)), override, *_place(run)]
    return Advice(f"{reason}.", shell_command(overrides))


def _as_typed(value: float) -> str:
    # In full: Hydra reads 2e+06 as a float, which a number of children is not.
    return str(int(value)) if value == int(value) else f"{value:g}"


def _search_command(run: RunView) -> str:
    if not _can_repeat(run):
        return ""
    return shell_command([*without(run.overrides, ()), *_place(run)])


def _place(run: RunView) -> Iterator[str]:
    """Yield the overrides that lead a command to the directory of ``run`` again.

    Its name is the time of its start where none was typed, and what Hydra is told is not among
    the overrides of a run.
    """
    has_name = any(key_of(override) == "name" for override in run.overrides)
    if not has_name:
        yield f"name={run.name}"
    if run.path.resolve() != Path("outputs", run.name).resolve():
        yield f"hydra.run.dir={run.path}"


def _can_repeat(run: RunView) -> bool:
    # A job of a sweep goes on with its sweep; runs of earlier versions store no command.
    return bool(run.overrides) and run.sweep is None


def _source(run: RunView) -> str:
    return f"from={run.path}"
