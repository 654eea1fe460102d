"""A `task=train` in its journal: one stage, a child for each training, and what is known of both.

A training ("member") is a cell with one of several seeds. Its key is ``<key of the cell>-<i>``, so
that the trainings of a cell differ. The values of its epochs are stored while it goes on. Its
reward is what ``trainer.reward_metric`` says of the validation part after the last epoch.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pnas.records.child_records import Status
from pnas.records.journal import Journal
from pnas.records.journal_errors import JournalMalformed
from pnas.records.journal_reader import JournalReader
from pnas.records.journal_records import ChildRecord, Choice
from pnas.records.path_safety import validate_keys
from pnas.records.run_directory import JOURNAL
from pnas.records.training_history import as_epochs, last_value, write_history
from pnas.records.training_record import HISTORY, MEMBERS, Member, Training
from pnas.state_space import Cell

STAGE = 1
"""Number of the only stage."""

DATA_FACTS = "data_facts"
"""Key, in the journal, of what is trained on: name, image_shape, num_classes and, once the data
were read, streamed (from files as they are needed), class_names, mean, std and pixel_range."""

NETWORK_SIZES = "network_sizes"
"""Key, in the journal, of the trainable parameters and multiply-adds of each cell's network."""

TEST_ACCURACIES = "test_accuracies"
"""Key, in the journal, of the test accuracy of each training; read once, at the end."""

_STATUS = {Status.CHOSEN: "waiting", Status.OK: "finished", Status.FAILED: "failed"}


def store_members(
    journal: Journal, members: Sequence[Member], data: Mapping[str, Any], at: float | None = None
) -> None:
    """Store the trainings of a new run, before the first of them is started.

    Args:
        journal: The journal, which holds the configuration already.
        members: The trainings.
        data: What they are trained on (`DATA_FACTS`).
        at: When that was, in seconds since the epoch; None for now.
    """
    sizes = {member.key: [member.params, member.flops] for member in members}
    journal.set_meta(**{DATA_FACTS: dict(data), NETWORK_SIZES: sizes})
    choices = []
    for member in members:
        choices.append(Choice(Cell.parse(member.cell), member.id, member.seed, None))
    journal.open_stage(STAGE, choices, len(choices), len(choices), 0.0, at)


def read_training(journal: JournalReader) -> Training:
    """Return the trainings that ``journal`` holds.

    Raises:
        RunDirectoryError: The journal cannot be read, or lacks what every training has.
    """
    data = dict(journal.meta(DATA_FACTS) or {})
    fingerprint = journal.meta("data_fingerprint")
    if fingerprint is not None:
        data["fingerprint"] = fingerprint

    command = journal.meta("overrides")
    accuracies = journal.meta(TEST_ACCURACIES) or {}
    members = []
    for child in journal.children():
        size = network_size(journal, child.key)
        members.append(_member(child, size, accuracies.get(child.key)))
    return Training(
        name=str(journal.meta("name") or journal.path.parent.name),
        training_id=str(journal.meta("search_id", "")),
        config=journal.meta("config") or {},
        command=command if isinstance(command, list) else [],
        data=data,
        members=members,
        status=str(journal.meta("status", "running")),
        tracking=journal.meta("tracking"),
        tracked=bool(journal.meta("tracked", False)),
    )


def write_training(run_dir: Path, journal: JournalReader) -> Training:
    """Rewrite training.json and every history.csv, each as a whole.

    Returns:
        What training.json holds.

    Raises:
        NotWritable: There is no room or no permission.
        RunDirectoryError: The journal names a folder outside of ``run_dir``.
    """
    training = read_training(journal)
    children = journal.children()
    validate_keys([child.key for child in children], run_dir / JOURNAL)
    for child in children:
        if child.metrics:
            folder = run_dir / MEMBERS / child.key
            folder.mkdir(parents=True, exist_ok=True)
            write_history(folder / HISTORY, as_epochs(child.metrics))
    training.save(run_dir)
    return training


def test_facts(journal: JournalReader, accuracies: Mapping[str, float]) -> dict[str, Any]:
    """Return test accuracies as facts of a journal.

    Args:
        journal: The journal.
        accuracies: Test accuracy of each training that has one.
    """
    best = read_training(journal).best()
    of_best = None if best is None else accuracies.get(best.id)
    return {TEST_ACCURACIES: dict(accuracies), "test_accuracy": of_best}


def cell_key_of(member_id: str) -> str:
    """Return the key of the cell of a training."""
    return member_id.rpartition("-")[0]


def network_size(journal: JournalReader, member_id: str) -> tuple[int, int]:
    """Return the trainable parameters and multiply-adds of the network of a training.

    Raises:
        RunDirectoryError: The journal does not have them.
    """
    key = cell_key_of(member_id)
    sizes = journal.meta(NETWORK_SIZES) or {}
    if key not in sizes:
        rule = f"must have the size of the network of {member_id}"
        raise JournalMalformed(f"{journal.path}: {NETWORK_SIZES}", rule)
    params, flops = sizes[key]
    return params, flops


def reward_of(metrics: Mapping[str, Sequence[float]], config: Mapping[str, Any]) -> float | None:
    """Return the reward of a training that has ended.

    Args:
        metrics: Values of its epochs by name.
        config: Configuration of the run, whose ``trainer.reward_metric`` judges.
    """
    return last_value(metrics.get(f"val_{reward_metric(config)}", ()))


def reward_metric(config: Mapping[str, Any]) -> str:
    """Return the metric that judges the trainings of a run with this configuration."""
    trainer = config.get("trainer")
    # Versions before there was a choice have no such key.
    if not isinstance(trainer, Mapping):
        return "accuracy"
    return str(trainer.get("reward_metric", "accuracy"))


def _member(child: ChildRecord, size: tuple[int, int], test_accuracy: float | None) -> Member:
    params, flops = size
    metrics = child.metrics
    return Member(
        id=child.key,
        cell=str(child.cell),
        key=cell_key_of(child.key),
        seed=child.seed,
        params=params,
        flops=flops,
        status=_STATUS[child.status],
        epochs=max(map(len, metrics.values()), default=0),
        seconds=float(sum(metrics.get("seconds", ()))),
        reward=child.reward,
        val_accuracy=last_value(metrics.get("val_accuracy", ())),
        val_loss=last_value(metrics.get("val_loss", ())),
        test_accuracy=test_accuracy,
        error=child.error,
    )
