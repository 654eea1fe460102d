"""`task=train`: train cells for as long as it takes, and test them once, at the end."""

from pnas.children import (
    FinalTrainerSpec,
    Limits,
    check_augmentation,
    count_network,
    final_trainer,
)
from pnas.children.manager import check_batchsize
from pnas.children.network.builder import check_image
from pnas.config import Settings
from pnas.data import DataInfo, check_data
from pnas.errors import InvalidValue, require
from pnas.execution import visible_gpus
from pnas.records.training_journal import read_training
from pnas.records.training_record import MEMBERS, Training
from pnas.reports.terminal.training_table import cells_table
from pnas.runs.cell_selection import SelectedCells, select_cells
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.runs.run_ending import complete_finished_run
from pnas.runs.training_directory import archived_training, open_training
from pnas.searching.data_report import print_data, print_reading
from pnas.system.console import print_line
from pnas.system.wording import plural
from pnas.tracking import how_to_open
from pnas.training.member_training import train_members
from pnas.training.training_ending import TrainingFiles


def run(settings: Settings, context: Context) -> float | None:
    """Train every cell with every seed, or go on where an earlier command stopped.

    Returns:
        Mean reward of the best cell, which is what a sweeper maximizes; None without validation.
    """
    chosen = select_cells(settings, context)
    archived = None if settings.plan_only else archived_training(chosen, context)
    if archived is not None:
        run_dir = relative(context.run_dir)
        print_line(context.console, f"{run_dir} cannot be written; the training is over")
        return _report(archived, context, settings)

    print_reading(context.console, chosen.settings.data)
    info = _checked(chosen)
    print_data(context.console, info, chosen.settings.trainer)
    if settings.plan_only:
        _print_plan(chosen, info, context)
        return 0.0
    with open_training(chosen, info, context) as journal:
        if journal.meta("status") == "finished":
            files = TrainingFiles(context.run_dir, journal)
            complete_finished_run(files, journal, chosen.settings)
        else:
            train_members(chosen.settings, context, journal)
        return _report(read_training(journal), context, settings)


def _checked(chosen: SelectedCells) -> DataInfo:
    """Check everything that can be refused before any of it is trained."""
    settings = chosen.settings
    trainer = final_trainer(settings.trainer)
    info = check_data(settings.data, read_pixels=settings.plan_only)
    check_batchsize(trainer, _training_examples(settings, info))
    check_image(settings.child, info.image_shape)
    check_augmentation(trainer, info.image_shape)
    rule = "must be auto or cpu where no NVIDIA GPU is visible"
    require(trainer.device != "gpu" or bool(visible_gpus()), "trainer.device", rule, "gpu")
    if _learns_from_validation(settings):
        _check_without_validation(chosen, trainer)
    _check_sizes(chosen, trainer, info)
    return info


def _learns_from_validation(settings: Settings) -> bool:
    return bool(settings.task.train_on == "train+val")


def _training_examples(settings: Settings, info: DataInfo) -> int:
    """Return the number of examples that are learned from."""
    return info.train + (info.val if _learns_from_validation(settings) else 0)


def _check_without_validation(chosen: SelectedCells, trainer: FinalTrainerSpec) -> None:
    """Check that nothing has to be compared on the validation part, which is learned from."""
    rule = (
        "must be train where several cells are compared: "
        "train+val leaves nothing to compare them on"
    )
    require(len(chosen.cells) == 1, "task.train_on", rule, chosen.settings.task.train_on)
    rule = "must be 0 with task.train_on=train+val"
    require(trainer.patience == 0, "trainer.patience", rule, trainer.patience)


def _check_sizes(chosen: SelectedCells, trainer: FinalTrainerSpec, info: DataInfo) -> None:
    """Check that each cell is within the trainer's limits and can be built."""
    network = chosen.settings.child
    has_auxiliary_head = trainer.aux_weight > 0
    limits = Limits(trainer, network, info.image_shape, info.num_classes)
    for cell in chosen.cells:
        excess = limits.excess(limits.count(cell))
        if excess is not None:
            raise InvalidValue("cell", f"must be within the trainer's limits: {excess}", str(cell))
        count_network(cell, network, info.image_shape, info.num_classes, has_auxiliary_head)


def _print_plan(chosen: SelectedCells, info: DataInfo, context: Context) -> None:
    settings = chosen.settings
    trainer = settings.trainer
    seeds = settings.task.seeds
    count = _training_examples(settings, info)
    batches = count // trainer.batchsize
    cells = plural(len(chosen.cells), "cell")
    trainings = plural(seeds, "training")
    epochs = plural(trainer.epochs, "epoch")
    examples = plural(count, "example")
    steps = plural(batches, "step")
    lines = [
        f"{cells}, {trainings} each, {epochs}",
        f"{examples}, {steps} an epoch, {info.num_classes} classes",
    ]
    for cell in chosen.cells:
        counts = count_network(cell, settings.child, info.image_shape, info.num_classes)
        lines.append(f"{counts.params:,} parameters, {counts.flops:,} multiply-adds: {cell}")
    for line in lines:
        print_line(context.console, line)


def _report(training: Training, context: Context, settings: Settings) -> float | None:
    """Print what was found and where it is; return the mean reward of the best cell."""
    cells_table(training).print(context.console)
    for line in _last_lines(training, context, settings):
        print_line(context.console, line)
    means = [cell["reward"]["mean"] for cell in training.cells()]
    return max((mean for mean in means if mean is not None), default=None)


def _last_lines(training: Training, context: Context, settings: Settings) -> list[str]:
    run_dir = relative(context.run_dir)
    lines = [f"outputs: {run_dir}"]
    best = training.best()
    if best is not None:
        which = "trained" if best.reward is None else "best by validation"
        lines.append(f"{which}: {MEMBERS}/{best.id}; task=export from={run_dir} writes it")
    command = how_to_open(settings.tracking)
    if command:
        lines.append(f"compare runs in MLflow: {command}")
    return lines
