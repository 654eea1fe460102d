"""`task=train`: train cells for as long as it takes, and test them once, at the end."""

from functools import partial
from pathlib import Path

from pnas.children import Limits, check_augmentation, count_network, final_trainer
from pnas.children.child_failure import ChildFailure
from pnas.children.manager import check_batchsize, is_out_of_memory
from pnas.children.network.builder import check_image
from pnas.children.tensorflow_runtime import configure_runtime
from pnas.config import Settings
from pnas.data import DataInfo, Parts, check_data, open_parts
from pnas.errors import InvalidValue, PnasError, require
from pnas.execution import visible_gpus
from pnas.records.training_record import CHECKPOINT, MEMBER_WEIGHTS, MEMBERS, Member, Training
from pnas.reports.terminal.training_table import cells_table
from pnas.runs.cell_selection import SelectedCells, select_cells
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.runs.training_directory import Run, opened_training
from pnas.searching.data_report import print_data, print_reading
from pnas.state_space import Cell
from pnas.system.console import print_line
from pnas.tracking import how_to_open


class TrainingFailed(PnasError):
    """No training came to its end."""

    exit_code = 1


def run(settings: Settings, context: Context) -> float | None:
    """Train every cell with every seed, or go on where an earlier command stopped.

    Returns:
        Mean validation accuracy of the best cell, which is what a sweeper maximizes; None without
        validation.
    """
    chosen = select_cells(settings, context)
    print_reading(context.console, chosen.settings.data)
    info = _checked(chosen)
    if settings.plan_only:
        _print_plan(chosen, info, context)
        return 0.0
    print_data(context.console, info)
    with opened_training(chosen, info, context) as record:
        if record.training.status != "finished":
            print_line(context.console, "importing TensorFlow")
            configure_runtime(chosen.settings.trainer)
            try:
                _train_all(record, chosen.settings, context)
            except KeyboardInterrupt:
                print_line(context.console, "stopped; the same command continues")
                raise
        record.show()
        return _report(record.training, context, settings)


def _checked(chosen: SelectedCells) -> DataInfo:
    """Everything that can be refused before any of it is trained."""
    settings = chosen.settings
    trainer = final_trainer(settings.trainer)
    info = check_data(settings.data)
    everything = settings.task.train_on == "train+val"
    check_batchsize(trainer, info.train + (info.val if everything else 0))
    check_image(settings.child, info.image_shape)
    check_augmentation(trainer, info.image_shape)
    rule = "must be auto or cpu where no NVIDIA GPU is visible"
    require(trainer.device != "gpu" or bool(visible_gpus()), "trainer.device", rule, "gpu")
    if everything:
        rule = (
            "must be train where several cells are compared: "
            "train+val leaves nothing to compare them on"
        )
        require(len(chosen.cells) == 1, "task.train_on", rule, settings.task.train_on)
        require(
            trainer.patience == 0,
            "trainer.patience",
            "must be 0 with task.train_on=train+val",
            trainer.patience,
        )
    limits = Limits(trainer, settings.child, info.image_shape, info.num_classes)
    for cell in chosen.cells:
        if (excess := limits.excess(limits.count(cell))) is not None:
            raise InvalidValue("cell", f"must be within the trainer's limits: {excess}", str(cell))
        count_network(
            cell, settings.child, info.image_shape, info.num_classes, trainer.aux_weight > 0
        )
    return info


def _print_plan(chosen: SelectedCells, info: DataInfo, context: Context) -> None:
    settings = chosen.settings
    trainer = settings.trainer
    seeds = settings.task.seeds
    batches = info.train // trainer.batchsize
    lines = [
        f"{len(chosen.cells)} cell(s), {seeds} training(s) each, {trainer.epochs} epochs",
        f"{info.train:,} examples, {batches:,} steps an epoch, {info.num_classes} classes",
    ]
    for cell in chosen.cells:
        counts = count_network(cell, settings.child, info.image_shape, info.num_classes)
        lines.append(f"{counts.params:,} parameters, {counts.flops:,} multiply-adds: {cell}")
    for line in lines:
        print_line(context.console, line)


def _train_all(record: Run, settings: Settings, context: Context) -> None:
    """Train what is not over yet; then read the test part, once."""
    data = open_parts(settings.data)
    record.check_data(data)
    learned_from = data.with_val_in_train() if settings.task.train_on == "train+val" else data
    for member in record.training.members:
        if member.status == "waiting":
            _train(member, record, settings, learned_from, context)
    finished = [member for member in record.training.members if member.status == "finished"]
    if not finished:
        raise TrainingFailed(
            f"no training came to its end; the last one: {record.training.members[-1].error}"
        )
    for member in finished:
        member.test_accuracy = (
            None if data.test is None else _test(member, settings, data, record.folder(member))
        )
    record.training.status = "finished"
    record.save()


def _train(member: Member, record: Run, settings: Settings, data: Parts, context: Context) -> None:
    from pnas.children.final_training.long_training import FinalJob, train_final

    validates = settings.task.train_on == "train"
    job = FinalJob(
        Cell.parse(member.cell),
        settings.child,
        final_trainer(settings.trainer),
        member.seed,
        validates,
    )
    folder = record.folder(member)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / CHECKPOINT
    weights = folder / MEMBER_WEIGHTS
    try:
        progress = train_final(
            job, data, checkpoint, weights, partial(record.epoch_ended, member, context.console)
        )
    except ChildFailure as error:
        member.status = "failed"
        member.error = str(error)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingFailed(
            "out of memory: the same command with trainer.accumulate=2 (or more) and another name "
            "needs less"
        ) from error
    else:
        record.epoch_ended(member, None, progress)
        member.status = "finished"
    record.save()
    checkpoint.unlink(missing_ok=True)


def _test(member: Member, settings: Settings, data: Parts, folder: Path) -> float:
    from pnas.children.final_training.evaluation import load_child, measure

    assert data.test is not None
    model = load_child(
        Cell.parse(member.cell), settings.child, data.image_shape, data.num_classes, folder
    )
    return measure(model, data.test)[1]


def _report(training: Training, context: Context, settings: Settings) -> float | None:
    cells_table(training).print(context.console)
    run_dir = relative(context.run_dir)
    lines = [f"outputs: {run_dir}"]
    if best := training.best():
        lines.append(
            f"best by validation: {MEMBERS}/{best.id}; task=export from={run_dir} writes it"
        )
    if command := how_to_open(settings.tracking):
        lines.append(f"compare runs in MLflow: {command}")
    for line in lines:
        print_line(context.console, line)
    means = [
        cell["val_accuracy"]["mean"]
        for cell in training.cells()
        if cell["val_accuracy"]["mean"] is not None
    ]
    return max(means, default=None)
