"""Cells trained several times each, as `task=tabulate` and `task=preflight` do."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from pnas.config import Settings
from pnas.data import Dataset
from pnas.records import Journal
from pnas.reports.terminal.live_view import LiveView
from pnas.reports.terminal.stopped_line import stopped_line
from pnas.runs.command_context import Context
from pnas.runs.run_ending import with_name
from pnas.search.strategies.exhaustive import Exhaustive
from pnas.search.training_setup import TrainingSetup
from pnas.searching.cache_reuse import with_cache
from pnas.searching.loop_wiring import run_loop
from pnas.searching.run_files import Summarize
from pnas.searching.trained_search import make_child_executor, num_workers, print_start
from pnas.state_space import Cell, SlotSpace
from pnas.system.console import print_line


def train_repeatedly(
    settings: Settings,
    context: Context,
    *,
    space: SlotSpace,
    cells: list[Cell],
    dataset: Dataset,
    journal: Journal,
) -> None:
    """Train every cell ``task.repeats`` times, as far as it has not been; write the summary.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        space: State space of the cells.
        cells: Cells to train.
        dataset: Data to train on.
        journal: Journal of the run.
    """
    summary = Summarize(context.run_dir, journal)
    repeats = settings.task.repeats
    print_start(settings, context)
    view = LiveView(context.console, repeats, journal.children(), workers=num_workers(settings))
    with (
        _saying_how_to_continue(context, journal),
        closing(make_child_executor(settings, dataset)) as executor,
        view,
    ):
        run_loop(
            settings,
            space,
            journal,
            make_strategy=partial(Exhaustive, cells, repeats),
            training=TrainingSetup(
                executor=with_cache(executor, settings, space, dataset.fingerprint),
                observers=(summary, view),
                grace=settings.executor.grace,
            ),
            epochs=settings.trainer.epochs,
        )
    journal.set_meta(status="finished")
    summary.write()


@contextmanager
def _saying_how_to_continue(context: Context, journal: Journal) -> Iterator[None]:
    """Say what is kept when the user stops the trainings in this block."""
    try:
        yield
    except KeyboardInterrupt:
        besides = with_name(context, journal)
        print_line(context.console, stopped_line(journal, context.run_dir, besides))
        raise
