"""`task=preflight`: estimate, from a few trainings, whether a search is worth its cost."""

import json
from collections.abc import Iterator, Sequence

import numpy as np

from pnas.children import NetworkManager, TrainerSpec
from pnas.children.class_balance import effective_examples
from pnas.children.tensorflow_runtime import configure_runtime
from pnas.config import Settings
from pnas.data import DataInfo, Dataset, load_dataset
from pnas.errors import InvalidValue, require
from pnas.execution import check_executor
from pnas.preflight.baselines import Baseline, logistic_regression, train_cnn
from pnas.preflight.reliability import measure_reliability
from pnas.preflight.summary import as_record, summary_lines
from pnas.preflight.verdict import Evidence, judge
from pnas.records import ChildRecord, Journal
from pnas.records.path_safety import check_no_escaping_symlinks
from pnas.records.training_curve import validations
from pnas.runs.command_context import Context
from pnas.runs.search_directory import check_holds_no_other, check_same_data, open_run
from pnas.search.strategies.unique_sampler import UniqueSampler
from pnas.searching.cache_reuse import check_cache
from pnas.searching.data_report import print_class_counts, print_data, print_reading
from pnas.searching.repeated_trainings import train_repeatedly
from pnas.searching.search_checks import check_children
from pnas.searching.tabular_search import is_tabular
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace, build_space
from pnas.state_space.named_cells import PRESETS
from pnas.system.atomic_write import write_text
from pnas.system.console import print_line
from pnas.system.wording import plural

RESULT = "preflight.json"
PREFLIGHT = "preflight"
"""Key, in the journal, of what a preflight is made of."""

BASELINES = "preflight_baselines"
"""Key, in the journal, of the baselines that were measured by plain accuracy."""


def run(settings: Settings, context: Context) -> None:
    """Train what is missing, and say what a search can be expected to gain.

    Args:
        settings: Settings of the command.
        context: The command around the task.
    """
    check_holds_no_other(context.run_dir, settings.task.name)
    space = build_space(settings.state_space)
    print_reading(context.console, settings.data)
    data = _check(settings, space)
    print_data(context.console, data, settings.trainer)
    print_class_counts(context.console, data)
    cells = _sampled_cells(settings, space)
    if settings.plan_only:
        trainings = len(cells) * settings.task.repeats
        line = f"{len(cells)} random cells, {trainings} trainings, and three baselines"
        print_line(context.console, line)
        return

    check_no_escaping_symlinks(context.run_dir)
    with open_run(settings, context) as journal:
        _claim(settings, journal)
        dataset = load_dataset(settings.data)
        check_same_data(journal, dataset.fingerprint)
        train_repeatedly(
            settings, context, space=space, cells=cells, dataset=dataset, journal=journal
        )
        # Where too many trainings failed, nothing can be concluded: no baseline is trained then.
        reliability = measure_reliability(_rewards_by_cell(journal.children()))
        baselines = _measured_baselines(settings, context, dataset=dataset, journal=journal)
        evidence = Evidence(
            reliability=reliability,
            children=settings.task.children,
            validation_examples=len(dataset.y_val),
            last_rise=_last_rise(journal.children()),
            baselines=baselines,
            metric=settings.trainer.reward_metric,
            effective_examples=effective_examples(settings.trainer.reward_metric, dataset.y_val),
            largest_validation=dataset.largest_val,
        )
        _conclude(settings, context, evidence, journal)


def _check(settings: Settings, space: SlotSpace) -> DataInfo:
    """Check everything that can be checked before any work starts; return what the data are."""
    rule = "must be null for task=preflight, which trains children"
    if is_tabular(settings):
        raise InvalidValue("trainer.table", rule, settings.trainer.table)
    rule = "must be at least 2 for task=preflight: one training of a cell tells nothing of noise"
    require(settings.task.repeats >= 2, "task.repeats", rule, settings.task.repeats)
    cells = space.num_cells(space.B)
    rule = f"must be at most {cells:,}, the cells of {plural(space.B, 'block')}"
    require(settings.task.cells <= cells, "task.cells", rule, settings.task.cells)
    data = check_children(settings, space)
    check_cache(settings)
    check_executor(settings.executor)
    return data


def _sampled_cells(settings: Settings, space: SlotSpace) -> list[Cell]:
    generator = np.random.default_rng(derive_seed(settings.seed, "preflight"))
    return UniqueSampler(space, space.B).sample(generator, settings.task.cells)


def _claim(settings: Settings, journal: Journal) -> None:
    """Refuse the run directory of a preflight of other cells; claim a new one."""
    stored = journal.meta(PREFLIGHT)
    wanted = {"cells": settings.task.cells}
    if stored not in (None, wanted):
        rule = f"must stay {stored['cells']}, as {journal.path.parent} was started with"
        require(False, "task.cells", rule, settings.task.cells)
    journal.set_meta(**{PREFLIGHT: wanted, "status": "running"})


# -- baselines -------------------------------------------------------------------------------------


def _measured_baselines(
    settings: Settings, context: Context, *, dataset: Dataset, journal: Journal
) -> list[Baseline]:
    """Return the baselines, measured once and then read from the journal."""
    key = _baselines_key(settings.trainer)
    stored = journal.meta(key)
    if stored is not None:
        return [Baseline(*values) for values in stored]

    print_line(context.console, "training what is free: three baselines")
    # The CNN starts TensorFlow in this process; children had their threads in workers.
    configure_runtime(settings.trainer)
    params = [child.params for child in journal.children() if child.params is not None]
    trainer = settings.trainer
    baselines = [
        logistic_regression(dataset, trainer.reward_metric, trainer.class_weights),
        train_cnn(
            dataset,
            int(np.median(params)),
            epochs=trainer.epochs,
            batchsize=trainer.batchsize,
            learning_rate=trainer.learning_rate,
            seed=derive_seed(settings.seed, "plain CNN"),
            metric=trainer.reward_metric,
            class_weights=trainer.class_weights,
        ),
        *_published_cell(settings, context, dataset),
    ]
    journal.set_meta(**{key: [list(baseline) for baseline in baselines]})
    return baselines


def _baselines_key(trainer: TrainerSpec) -> str:
    """Return the key of the baselines.

    Earlier versions stored them by plain accuracy and without weights of classes whatever the
    children were trained by, so that those of other settings have keys of their own.
    """
    words = [BASELINES]
    if trainer.reward_metric != "accuracy":
        words.append(trainer.reward_metric)
    if trainer.class_weights != "none":
        words.append(f"{trainer.class_weights}_weights")
    return "_".join(words)


def _published_cell(settings: Settings, context: Context, dataset: Dataset) -> Iterator[Baseline]:
    """Yield what PNASNet-5's cell has; nothing where it cannot be trained as children are."""
    manager = NetworkManager(dataset, network=settings.child, trainer=settings.trainer)
    result = manager.evaluate(PRESETS["pnasnet5"], derive_seed(settings.seed, "pnasnet5"))
    if result.reward is None:
        print_line(context.console, f"PNASNet-5's cell is left out: {result.error}")
        return
    yield Baseline("PNASNet-5's cell", result.params or 0, result.reward)


# -- the conclusion --------------------------------------------------------------------------------


def _conclude(settings: Settings, context: Context, evidence: Evidence, journal: Journal) -> None:
    verdict = judge(evidence, settings.seed)
    seconds = [child.seconds for child in journal.children() if child.seconds is not None]
    for line in summary_lines(evidence, verdict, seconds):
        print_line(context.console, line)

    result = context.run_dir / RESULT
    write_text(result, json.dumps(as_record(evidence, verdict), indent=1) + "\n")
    print_line(context.console, f"all figures: {result}")


def _rewards_by_cell(children: Sequence[ChildRecord]) -> list[list[float]]:
    rewards: dict[Cell, list[float]] = {}
    for child in children:
        if child.reward is not None:
            rewards.setdefault(child.cell, []).append(child.reward)
    return list(rewards.values())


def _last_rise(children: Sequence[ChildRecord]) -> float | None:
    """Return the mean rise, between the last two validations, of what rewards are made of."""
    rises = []
    for child in children:
        values = np.asarray(validations(child.metrics), float)
        validated = values[~np.isnan(values)]
        if len(validated) >= 2:
            rises.append(float(validated[-1] - validated[-2]))
    return float(np.mean(rises)) if rises else None
