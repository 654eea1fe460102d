"""`task=tabulate`: train every cell of a space, or a sample, several times, and leave a table of what came out.

The table answers searches in place of training: `trainer=tabular trainer.table=<run directory>/table.yaml`.
"""

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from pnas.config import Settings
from pnas.data import load_dataset
from pnas.errors import RunDirectoryError, require
from pnas.execution import check_executor, make_executor
from pnas.records import ChildRecord, Journal
from pnas.records.path_safety import check_no_escaping_symlinks
from pnas.reports.terminal.live_view import LiveView
from pnas.runs.child_identity import identify
from pnas.runs.command_context import Context
from pnas.runs.search_directory import MADE_OF, check_same_data, opened_run
from pnas.search import STOPPED_BY, Budget, SearchLoop
from pnas.search.strategies.exhaustive import Exhaustive, all_cells, sampled_cells
from pnas.searching.cache_reuse import check_cache, with_cache
from pnas.searching.search_observers import Summarize
from pnas.state_space import Cell, SlotSpace, build_space
from pnas.tables import Row, write_table
from pnas.tasks.search import checked_data, may_use_gpu, runner_factory

TABLE = "table.yaml"
_ABOUT = ("seed", "child", "trainer", "data")


def run(settings: Settings, context: Context) -> None:
    """Train what is missing and write the table."""
    space = build_space(settings.state_space)
    rule = "must be null for task=tabulate, which makes a table"
    require(settings.trainer.table is None, "trainer.table", rule, settings.trainer.table)
    checked_data(settings, space)
    check_cache(settings)
    check_executor(settings.executor)
    cells = _cells(settings, space)
    if settings.plan_only:
        _say(context, f"{len(cells):,} cells, each trained {settings.task.repeats} times")
        return
    check_no_escaping_symlinks(context.run_dir)
    with opened_run(settings, context) as journal:
        _claim(settings, context.run_dir, journal)
        _train(settings, context, space, cells, journal)
        rows = rows_of(journal.children(), space)
        write_table(context.run_dir / TABLE, space, rows, _about(settings, journal))
        _report(context, rows, journal)


def _cells(settings: Settings, space: SlotSpace) -> list[Cell]:
    count = settings.task.cells
    return all_cells(space) if count is None else sampled_cells(space, count, settings.seed)


def _claim(settings: Settings, run_dir: Path, journal: Journal) -> None:
    """Refuse a run directory of a search, or of a table of other cells."""
    made_of = journal.meta(MADE_OF)
    if made_of is None and journal.stages():
        raise RunDirectoryError(
            f"name: {run_dir} holds a search. Choose another name for the table"
        )
    wanted = {"cells": settings.task.cells}
    rule = (
        f"must stay {None if made_of is None else made_of['cells']}, as {run_dir} was started with"
    )
    require(made_of in (None, wanted), "task.cells", rule, settings.task.cells)
    journal.set_meta(**{MADE_OF: wanted, "status": "running"})


def _train(
    settings: Settings, context: Context, space: SlotSpace, cells: list[Cell], journal: Journal
) -> None:
    dataset = load_dataset(settings.data)
    check_same_data(journal, dataset.fingerprint)
    summary = Summarize(context.run_dir, journal)
    factory = runner_factory(settings, dataset)
    threads = settings.trainer.threads
    with (
        closing(
            make_executor(settings.executor, factory, threads, may_use_gpu(settings))
        ) as executor,
        LiveView(context.console, settings.task.repeats, journal.children()) as view,
    ):
        loop = SearchLoop(
            make_strategy=partial(Exhaustive, cells, settings.task.repeats),
            executor=with_cache(executor, settings, space, dataset.fingerprint),
            journal=journal,
            identify=partial(identify, space, settings.seed),
            spec=settings.search,
            budget=Budget(settings.search, journal, settings.trainer.epochs),
            observers=(summary, view),
            grace=settings.executor.grace,
        )
        loop.run()
    journal.set_meta(status="finished")
    summary.write()


def rows_of(children: Sequence[ChildRecord], space: SlotSpace) -> list[tuple[Cell, Row]]:
    """One row a cell that was trained to its end at least once, in the order of the first training."""
    by_cell: dict[Cell, list[ChildRecord]] = {}
    for child in children:
        if child.reward is not None:
            by_cell.setdefault(space.canonical(child.cell), []).append(child)
    return [(cell, _row(trained)) for cell, trained in by_cell.items()]


def _row(trained: Sequence[ChildRecord]) -> Row:
    first = trained[0]
    seconds = [child.seconds for child in trained if child.seconds is not None]
    return Row(
        rewards=tuple(child.reward for child in trained if child.reward is not None),
        epochs=len(first.metrics.get("loss", ())) or None,
        seconds=round(sum(seconds) / len(seconds), 3) if seconds else None,
        params=first.params,
        flops=first.flops,
    )


def _about(settings: Settings, journal: Journal) -> dict[str, Any]:
    """How the table was made, for whoever reads it."""
    config = settings.as_dict()
    trainer = {
        key: value for key, value in config["trainer"].items() if not key.startswith("table")
    }
    parts = {name: config[name] for name in _ABOUT} | {"trainer": trainer}
    return {
        **parts,
        "repeats": settings.task.repeats,
        "data_fingerprint": journal.meta("data_fingerprint"),
    }


def _report(context: Context, rows: Sequence[tuple[Cell, Row]], journal: Journal) -> None:
    failed = sum(child.error is not None for child in journal.children())
    trained = sum(len(row.rewards) for _, row in rows)
    _say(context, f"{len(rows):,} cells, {trained:,} trainings, {failed} failed")
    spread = noise(rows)
    if spread is not None:
        _say(
            context,
            f"standard deviation of rewards: {spread[0]:.4f} between cells, {spread[1]:.4f} between seeds",
        )
    if limit := journal.meta(STOPPED_BY):
        _say(context, f"stopped by {limit}; the same command with more continues")
    _say(context, f"table: {context.run_dir / TABLE}")


def noise(rows: Sequence[tuple[Cell, Row]]) -> tuple[float, float] | None:
    """Standard deviations of rewards between cells and between trainings of one cell; None without repeats.

    One-way analysis of variance over the cells that have as many trainings as any.
    """
    repeats = max((len(row.rewards) for _, row in rows), default=0)
    full = [row for _, row in rows if len(row.rewards) == repeats]
    if repeats < 2 or len(full) < 2:
        return None
    within = sum((r - row.mean) ** 2 for row in full for r in row.rewards) / (
        len(full) * (repeats - 1)
    )
    mean = sum(row.mean for row in full) / len(full)
    between = sum((row.mean - mean) ** 2 for row in full) / (len(full) - 1) - within / repeats
    return max(between, 0.0) ** 0.5, within**0.5


def _say(context: Context, line: str) -> None:
    context.console.print(line, markup=False, highlight=False, soft_wrap=True)
