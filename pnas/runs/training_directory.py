"""The run directory of a `task=train`: a new one, or one that this command continues."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pnas.children import count_network
from pnas.config import read_stored_settings
from pnas.data import DataInfo, Parts
from pnas.errors import InvalidValue, RunDirectoryError, require
from pnas.records import Journal
from pnas.records.earlier_training import convert_earlier_training, open_run
from pnas.records.path_safety import check_no_escaping_symlinks, validate_keys
from pnas.records.resumability import differences
from pnas.records.run_directory import CONFIG, JOURNAL, TRAINING, hold, holds_run
from pnas.records.run_identity import settle_identity
from pnas.records.run_task import TRAIN, kind_of, kind_of_task
from pnas.records.training_journal import DATA_FACTS, read_training, store_members, write_training
from pnas.records.training_record import Member, Training
from pnas.runs.cell_selection import SelectedCells
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.runs.search_directory import (
    OF_NO_CONSEQUENCE,
    SECONDS_FOR_ORPHANS,
    begin_journal,
    check_same_data,
    open_journal,
    refuse_other_kind,
    write_config,
)
from pnas.seeds import derive_seed
from pnas.state_space import Cell
from pnas.state_space.isomorphism.canonical import canonical_form
from pnas.system.console import print_line

_MEANING = ("child", "trainer", "data", "seed")
_FREE = (
    "trainer.device",
    "trainer.checkpoint_every",
    "trainer.max_params",
    "trainer.max_madds",
    "data.stream",
    "data.pixel_range",
    "data.skip_unreadable",
)


@contextmanager
def open_training(chosen: SelectedCells, info: DataInfo, context: Context) -> Iterator[Journal]:
    """Hold the run directory of this command for the length of a ``with`` block.

    Args:
        chosen: Cells to train, and the settings of the command.
        info: Data to train them on.
        context: The command around the task.

    Yields:
        The journal, which holds the trainings.

    Raises:
        RunDirectoryError: The directory is in use, holds something else, or cannot be read.
        InvalidValue: It holds a training of another cell, data, network, recipe or seed.
    """
    run_dir = context.run_dir
    _check_directory(run_dir)
    run_dir.mkdir(parents=True, exist_ok=True)
    check_no_escaping_symlinks(run_dir)
    timeout = 0.0 if context.sweep is None else SECONDS_FOR_ORPHANS
    with hold(run_dir, timeout):
        convert_earlier_training(run_dir)
        with open_journal(run_dir / JOURNAL) as journal:
            _begin_or_continue(journal, chosen, info, context)
            copied = settle_identity(journal, run_dir)
            if copied is not None:
                print_line(context.console, copied)
            yield journal


def archived_training(chosen: SelectedCells, context: Context) -> Training | None:
    """Return the training of this command in a directory that cannot be written, which is over.

    Args:
        chosen: Cells to train, and the settings of the command.
        context: The command around the task.

    Returns:
        None where the directory can be written, or holds no run.

    Raises:
        RunDirectoryError: It holds something else, or a training that is not over.
        InvalidValue: It holds a training of another cell, data, network, recipe or seed.
    """
    run_dir = context.run_dir
    if not holds_run(run_dir) or os.access(run_dir, os.W_OK):
        return None
    check_no_escaping_symlinks(run_dir)
    with open_run(run_dir) as journal:
        config = journal.meta("config")
        if config is not None:
            refuse_other_kind(run_dir, stored=kind_of(config), wanted=kind_of_task(TRAIN))
        training = read_training(journal)
    if config is None or training.status != "finished":
        raise RunDirectoryError(
            f"{relative(run_dir)}: cannot be written, and its training is not over"
        )
    _refuse_other_cells(run_dir, training, chosen)
    _refuse_other_settings(run_dir, config, chosen)
    return training


def note_data(journal: Journal, data: Parts) -> None:
    """Store what is trained on; refuse to go on with something else.

    Raises:
        InvalidValue: The data have another fingerprint than an earlier command of this run saw, or
            are read in another way: the statistics of streamed images are rounded otherwise.
    """
    stored = journal.meta(DATA_FACTS) or {}
    is_streamed = not data.train.is_in_memory
    was_streamed = stored.get("streamed", is_streamed)
    rule = f"must be {str(was_streamed).lower()}, as {journal.path.parent} was started"
    require(was_streamed == is_streamed, "data.stream", rule, is_streamed)
    check_same_data(journal, data.fingerprint)
    facts = {
        "streamed": is_streamed,
        "class_names": None if data.class_names is None else list(data.class_names),
        "mean": None if data.mean is None else data.mean.tolist(),
        "std": None if data.std is None else data.std.tolist(),
        "pixel_range": data.pixel_range.describe(),
    }
    journal.set_meta(**{DATA_FACTS: {**stored, **facts}})


def _check_directory(run_dir: Path) -> None:
    """Check that ``run_dir`` is a run's, new or empty: other people's files are left alone."""
    is_run = (run_dir / JOURNAL).exists() or (run_dir / TRAINING).is_file()
    if is_run or not run_dir.is_dir():
        return
    names = [path.name for path in run_dir.iterdir()]
    others = sorted(name for name in names if not name.startswith(OF_NO_CONSEQUENCE))
    if others and others != [CONFIG]:
        what = f"something else (it holds {others[0]})"
        raise RunDirectoryError(
            f"name: {run_dir} holds {what}, not a training. Choose another name"
        )


def _begin_or_continue(
    journal: Journal, chosen: SelectedCells, info: DataInfo, context: Context
) -> None:
    run_dir = context.run_dir
    config = journal.meta("config")
    if config is None:
        begin_journal(chosen.settings, context, journal)
    else:
        refuse_other_kind(run_dir, stored=kind_of(config), wanted=kind_of_task(TRAIN))

    if journal.stages():
        _refuse_other(run_dir, read_training(journal), chosen, info)
    else:
        # New; or an earlier command was killed before it stored what to train.
        _refuse_other_settings(run_dir, journal.meta("config"), chosen)
        store_members(journal, _members(chosen, info), _data_facts(info))
        write_training(run_dir, journal)
    write_config(run_dir, journal.meta("config"))
    validate_keys([child.key for child in journal.children()], journal.path)


def _data_facts(info: DataInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "image_shape": list(info.image_shape),
        "num_classes": info.num_classes,
    }


def _members(chosen: SelectedCells, info: DataInfo) -> list[Member]:
    members = []
    for cell in chosen.cells:
        members += _members_of(cell, chosen, info)
    return members


def _members_of(cell: Cell, chosen: SelectedCells, info: DataInfo) -> list[Member]:
    settings = chosen.settings
    key = canonical_form(cell).text_hash
    counts = count_network(cell, settings.child, info.image_shape, info.num_classes)
    members = []
    for number in range(settings.task.seeds):
        member = Member(
            id=f"{key}-{number}",
            cell=str(cell),
            key=key,
            seed=derive_seed(settings.seed, "final", key, number),
            params=counts.params,
            flops=counts.flops,
        )
        members.append(member)
    return members


def _refuse_other(run_dir: Path, training: Training, chosen: SelectedCells, info: DataInfo) -> None:
    """A run goes on only as what it was started as."""
    _refuse_other_cells(run_dir, training, chosen)
    classes = training.num_classes
    if info.num_classes != classes:
        rule = f"{run_dir} trains on {classes} classes; keep that, or choose another name"
        raise InvalidValue("data", rule, f"{info.num_classes} classes")
    _refuse_other_settings(run_dir, training.config, chosen)


def _refuse_other_cells(run_dir: Path, training: Training, chosen: SelectedCells) -> None:
    stored = list(dict.fromkeys(member.cell for member in training.members))
    cells = [str(cell) for cell in chosen.cells]
    rule = f"{run_dir} trains {'; '.join(stored)}; keep that, or choose another name"
    if cells != stored:
        raise InvalidValue("cell", rule, "; ".join(cells))


def _refuse_other_settings(run_dir: Path, config: dict[str, Any], chosen: SelectedCells) -> None:
    stored = _meaning(read_stored_settings(config).as_dict())
    current = _meaning(chosen.settings.as_dict())
    for key, before, after in differences(stored, current):
        if key not in _FREE:
            shown = json.dumps(before)
            rule = f"{run_dir} was started with {shown}; keep that, or choose another name"
            raise InvalidValue(key, rule, after)


def _meaning(config: dict[str, Any]) -> dict[str, Any]:
    task = {key: config["task"][key] for key in ("seeds", "train_on")}
    return {**{key: config[key] for key in _MEANING}, "task": task}
