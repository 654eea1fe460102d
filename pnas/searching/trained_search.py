"""A search that trains its children on this machine or a cluster."""

import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial

from pnas.children import ChildRunnerFactory, NetworkSpec, count_network
from pnas.children.tensorflow_runtime import configure_runtime
from pnas.config import Settings
from pnas.data import Dataset, load_dataset
from pnas.execution import Executor, RunnerFactory, count_workers, make_executor, visible_gpus
from pnas.records import Journal
from pnas.records.path_safety import validate_keys
from pnas.records.run_directory import RUNGS, WEIGHTS
from pnas.reports.terminal.live_view import LiveView
from pnas.runs.child_identity import known_stages
from pnas.runs.command_context import Context
from pnas.runs.search_directory import check_same_data
from pnas.search.confirmation.halving import MOST_FINALISTS
from pnas.search.pacing import TimeLeft
from pnas.search.training_setup import TrainingSetup
from pnas.search.weight_recovery import restore_missing_weights
from pnas.searching.cache_reuse import with_cache
from pnas.searching.kept_trainings import KeptTrainings, continued_epochs
from pnas.searching.kept_weights import KeepBestWeights
from pnas.searching.loop_wiring import run_search
from pnas.searching.measuring import make_measurements
from pnas.searching.progress_observers import Notify, PredictEnd
from pnas.searching.run_files import Summarize
from pnas.searching.search_checks import facts_of_children, limits_of
from pnas.searching.search_ending import SearchEnding
from pnas.searching.time_planning import make_pace, training_forecast
from pnas.searching.winner_accuracy import ChildTester
from pnas.state_space import Cell, SlotSpace
from pnas.system.console import print_line
from pnas.system.contention import contention
from pnas.system.quiet_tensorflow import quiet_start
from pnas.system.wording import plural
from pnas.tracking import start_tracker


def search_by_training(
    settings: Settings, context: Context, space: SlotSpace, journal: Journal
) -> None:
    """Run the search, or the rest of it, and leave its files.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        space: State space that is searched.
        journal: Journal of the run, open for writing.
    """
    dataset = load_dataset(settings.data)
    check_same_data(journal, dataset.fingerprint)
    keys = [child.key for child in journal.children()]
    validate_keys(keys, journal.path)
    weights_dir = context.run_dir / WEIGHTS
    weights_dir.mkdir(exist_ok=True)

    def note_run(info: dict[str, str]) -> None:
        journal.set_meta(tracking=info)

    tracker = start_tracker(settings.tracking, context.run_dir, note_run)
    summary = Summarize(context.run_dir, journal)
    workers = num_workers(settings)
    forecast = training_forecast(
        settings, space, dataset, workers, journal, slowdown=contention(workers)
    )
    pace = make_pace(settings, space, journal, forecast)
    time_left = TimeLeft(
        settings.search,
        space,
        settings.controller.K,
        forecast,
        pace,
        kept_epochs=continued_epochs(settings),
    )
    _start_tensorflow(settings)
    print_start(settings, context)
    kept = None
    if settings.search.continues_trainings:
        # Workers may have another working directory.
        kept = KeptTrainings((context.run_dir / RUNGS).absolute(), journal)
    with (
        SearchEnding(settings, context, journal, tracker, summary) as ending,
        closing(make_child_executor(settings, dataset)) as executor,
        _live_view(settings, context, space, journal, time_left) as view,
    ):
        facts = facts_of_children(settings, dataset)
        training = TrainingSetup(
            executor=with_cache(executor, settings, space, dataset.fingerprint),
            observers=(
                summary,
                KeepBestWeights(weights_dir, journal, _num_kept_weights(settings)),
                PredictEnd(journal, time_left),
                Notify(tracker),
                view,
                *([] if kept is None else [kept]),
            ),
            weights_dir=weights_dir,
            kept_dir=None if kept is None else kept.directory,
            # Nothing that the cache holds was measured on this machine.
            measurements=make_measurements(settings, journal, facts, executor),
            cost=partial(_multiply_adds, settings.child, dataset),
            grace=settings.executor.grace,
        )
        run_search(
            settings,
            space,
            journal,
            training=training,
            is_feasible=_feasibility(settings, dataset),
            facts=facts,
            epochs=settings.trainer.epochs,
            pace=pace,
            kept_epochs=continued_epochs(settings),
        )
        if kept is not None:
            kept.end()
        restore_missing_weights(journal, executor, weights_dir)
        ending.test_winner(ChildTester(settings, dataset, executor, weights_dir).accuracies)


def _num_kept_weights(settings: Settings) -> int:
    """Return how many children's weights to keep, so that the winner's are most likely there.

    Finalists are chosen by a predictor, whose order is not quite that of the rewards.
    """
    return 2 * MOST_FINALISTS if settings.search.confirm > 0 else 1


def make_child_executor(settings: Settings, dataset: Dataset) -> Executor:
    """Return the executor that ``settings`` ask for, to train children on ``dataset``."""
    factory = runner_factory(settings, dataset)
    threads = settings.trainer.threads
    return make_executor(settings.executor, factory, threads, _may_use_gpu(settings))


def print_start(settings: Settings, context: Context) -> None:
    """Print what is started before the first child; importing TensorFlow takes seconds."""
    if settings.executor.trains_in_this_process:
        print_line(context.console, "importing TensorFlow")
        return
    workers = plural(num_workers(settings), "worker")
    print_line(context.console, f"starting {workers} ({settings.executor.kind})")


def num_workers(settings: Settings) -> int:
    """Return the number of children that are trained at once."""
    gpus = len(visible_gpus()) if _may_use_gpu(settings) else 0
    return count_workers(settings.executor, settings.trainer.threads, gpus)


def runner_factory(settings: Settings, dataset: Dataset) -> RunnerFactory:
    """Return what workers make their runner with."""
    # Nodes of a cluster may not have the files, so the data goes with the worker. Children that are
    # trained in this process share it.
    executor = settings.executor
    is_given = executor.ships_data or executor.trains_in_this_process
    return ChildRunnerFactory(
        settings.data,
        settings.child,
        settings.trainer,
        gpu_memory_mb=executor.gpu_memory_mb,
        dataset=dataset if is_given else None,
        inference=settings.inference,
        fingerprint=dataset.fingerprint,
    )


def _may_use_gpu(settings: Settings) -> bool:
    return settings.trainer.device != "cpu"


def _start_tensorflow(settings: Settings) -> None:
    if settings.executor.trains_in_this_process:
        # Children and predictor share this process: the first one decides TensorFlow's threads.
        configure_runtime(settings.trainer)
        return
    if settings.controller.uses_tensorflow:
        # The predictor needs it at the end of stage 1: by then it is imported.
        threading.Thread(target=_import_tensorflow, daemon=True).start()


def _import_tensorflow() -> None:
    with quiet_start():
        import tensorflow  # noqa: F401


def _live_view(
    settings: Settings,
    context: Context,
    space: SlotSpace,
    journal: Journal,
    time_left: TimeLeft,
) -> LiveView:
    return LiveView(
        context.console,
        known_stages(settings.search, space),
        journal.children(),
        K=settings.controller.K,
        workers=num_workers(settings),
        plain=context.sweep is not None,
        time_left=time_left,
    )


def _feasibility(settings: Settings, dataset: Dataset) -> Callable[[Cell], bool] | None:
    """Return whether a cell is within the limits of the trainer; None if it has none."""
    limits = limits_of(settings, dataset)
    return limits.is_feasible if limits else None


def _multiply_adds(network: NetworkSpec, dataset: Dataset, cell: Cell) -> int:
    return count_network(cell, network, dataset.image_shape, dataset.num_classes).flops
