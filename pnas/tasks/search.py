"""`task=search`: find the best cell; continue where an earlier command of the same name stopped."""

import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial

from pnas.children import ChildRunnerFactory, Limits, NetworkSpec, count_network
from pnas.children.manager import check_batchsize
from pnas.children.network.builder import check_image
from pnas.children.recipe import check_augmentation
from pnas.children.tensorflow_runtime import configure_runtime, quiet_start
from pnas.config import Settings
from pnas.data import DataInfo, Dataset, check_data, load_dataset
from pnas.errors import require
from pnas.execution import check_executor, count_workers, make_executor, visible_gpus
from pnas.records import Journal
from pnas.records.path_safety import check_no_escaping_symlinks, validate_keys
from pnas.records.run_directory import CONTROLLER, WEIGHTS
from pnas.reports.terminal.live_view import LiveView
from pnas.runs.child_identity import identify, known_stages
from pnas.runs.command_context import Context
from pnas.runs.search_directory import check_same_data, check_tabulation, is_finished, opened_run
from pnas.search import (
    Budget,
    SearchHistory,
    SearchLoop,
    Strategy,
    StrategyContext,
    make_strategy,
    may_continue,
)
from pnas.searching.cache_reuse import check_cache, restore_best_weights, with_cache
from pnas.searching.plan_outline import print_outline
from pnas.searching.plan_report import print_plan
from pnas.searching.search_ending import Ending, finish_tracking, print_end
from pnas.searching.search_observers import KeepBestWeights, Notify, Summarize
from pnas.searching.sweep_objective import check_objective, objective
from pnas.searching.tabular_search import check_table, search_table, table_of
from pnas.state_space import Cell, SlotSpace, StateSpace, build_space
from pnas.tracking import start_tracker


def run(settings: Settings, context: Context) -> float:
    """Run the search to its end. Returns its ``task.objective``, which is what a sweeper maximises."""
    space = build_space(settings.state_space)
    is_tabular = settings.trainer.table is not None
    if settings.plan_only:
        _plan(settings, context, space, is_tabular)
        return 0.0
    check_no_escaping_symlinks(context.run_dir)
    if not is_finished(settings, context.run_dir):
        _check(settings, space, is_tabular)
    search = search_table if is_tabular else _search
    with opened_run(settings, context) as journal:
        check_tabulation(context.run_dir, journal)
        if journal.meta("status") != "finished" or may_continue(
            settings.search, journal, _epochs(settings)
        ):
            search(settings, context, space, journal)
        elif not journal.meta("tracked"):
            # The store was away when the search ended, or nobody had asked for one yet.
            finish_tracking(
                context.run_dir,
                journal,
                start_tracker(settings.tracking, context.run_dir),
                "finished",
            )
        print_end(settings, context, journal)
        return objective(settings.task.objective, journal)


def _plan(settings: Settings, context: Context, space: SlotSpace, is_tabular: bool) -> None:
    _check(settings, space, is_tabular)
    if is_tabular or settings.search.kind != "progressive":
        print_outline(settings, context, space)
    else:
        print_plan(settings, context, space, checked_data(settings, space))


def _check(settings: Settings, space: SlotSpace, is_tabular: bool) -> None:
    """Every check there is before any work starts."""
    check_objective(settings, space)
    if is_tabular:
        check_table(settings, space)
        return
    checked_data(settings, space)
    settings.search.check(space, settings.controller.K, settings.trainer.epochs)
    if not settings.plan_only:
        check_cache(settings)
        check_executor(settings.executor)


def _epochs(settings: Settings) -> float:
    """Of one child: what a budget of epochs counts."""
    if settings.trainer.table is None:
        return settings.trainer.epochs
    return 1.0 if settings.search.max_epochs is None else table_of(settings).epochs or 1.0


def checked_data(settings: Settings, space: SlotSpace) -> DataInfo:
    """Every check that needs to know the data's sizes, before any of it is trained on."""
    rule = "must be a space whose cells can be built as networks (kind: pnas) to train children"
    require(isinstance(space, StateSpace), "state_space.kind", rule, settings.state_space.kind)
    data = check_data(settings.data)
    settings.trainer.check_search_supported()
    check_augmentation(settings.trainer, data.image_shape)
    check_batchsize(settings.trainer, data.train)
    check_image(settings.child, data.image_shape)
    _limits(settings, data).check(space.initial_children(), at_least=2)
    rule = "must be auto or cpu where no NVIDIA GPU is visible"
    require(settings.trainer.device != "gpu" or bool(visible_gpus()), "trainer.device", rule, "gpu")
    return data


def _search(settings: Settings, context: Context, space: SlotSpace, journal: Journal) -> None:
    dataset = load_dataset(settings.data)
    check_same_data(journal, dataset.fingerprint)
    validate_keys((child.key for child in journal.children()), journal.path)
    weights_dir = context.run_dir / WEIGHTS
    weights_dir.mkdir(exist_ok=True)
    tracker = start_tracker(
        settings.tracking, context.run_dir, lambda info: journal.set_meta(tracking=info)
    )
    summary = Summarize(context.run_dir, journal)
    if settings.executor.kind == "serial":
        # Children and predictor share this process: the first to start TensorFlow decides its threads.
        configure_runtime(settings.trainer)
    else:
        threading.Thread(target=_import_tensorflow, daemon=True).start()
    factory = runner_factory(settings, dataset)
    with (
        Ending(settings, context, journal, dataset, tracker, summary),
        closing(
            make_executor(
                settings.executor, factory, settings.trainer.threads, may_use_gpu(settings)
            )
        ) as executor,
        _live_view(settings, context, space, journal) as view,
    ):
        loop = SearchLoop(
            make_strategy=_strategy_factory(settings, context, space, dataset),
            executor=with_cache(executor, settings, space, dataset.fingerprint),
            journal=journal,
            identify=partial(identify, space, settings.seed),
            spec=settings.search,
            budget=Budget(settings.search, journal, settings.trainer.epochs),
            observers=(summary, KeepBestWeights(weights_dir, journal), Notify(tracker), view),
            weights_dir=weights_dir,
            cost=partial(_multiply_adds, settings.child, dataset),
            grace=settings.executor.grace,
        )
        loop.run()
        restore_best_weights(journal, executor, weights_dir)


def _live_view(
    settings: Settings, context: Context, space: SlotSpace, journal: Journal
) -> LiveView:
    gpus = len(visible_gpus()) if may_use_gpu(settings) else 0
    workers = count_workers(settings.executor, settings.trainer.threads, gpus)
    stages = known_stages(settings.search, space)
    is_job = context.sweep is not None
    K = settings.controller.K
    return LiveView(context.console, stages, journal.children(), K=K, workers=workers, plain=is_job)


def _strategy_factory(
    settings: Settings, context: Context, space: SlotSpace, dataset: Dataset
) -> Callable[[SearchHistory], Strategy]:
    limits = _limits(settings, dataset)
    strategy_context = StrategyContext(
        spec=settings.search,
        space=space,
        controller=settings.controller,
        seed=settings.seed,
        save_dir=context.run_dir / CONTROLLER,
        is_feasible=limits.is_feasible if limits else None,
    )
    return partial(make_strategy, strategy_context)


def _limits(settings: Settings, data: DataInfo | Dataset) -> Limits:
    return Limits(settings.trainer, settings.child, data.image_shape, data.num_classes)


def _multiply_adds(network: NetworkSpec, dataset: Dataset, cell: Cell) -> int:
    return count_network(cell, network, dataset.image_shape, dataset.num_classes).flops


def runner_factory(settings: Settings, dataset: Dataset) -> ChildRunnerFactory:
    """What workers run; on a cluster the data goes with it, whose nodes may not have the files."""
    shipped = dataset if settings.executor.kind == "ray" else None
    memory = settings.executor.gpu_memory_mb
    return ChildRunnerFactory(
        settings.data, settings.child, settings.trainer, gpu_memory_mb=memory, dataset=shipped
    )


def _import_tensorflow() -> None:
    """The predictor needs it at the end of stage 1: by then it is there."""
    with quiet_start():
        import tensorflow  # noqa: F401


def may_use_gpu(settings: Settings) -> bool:
    return settings.trainer.device != "cpu"
