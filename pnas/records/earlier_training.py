"""Run directories of `task=train` up to version 0.1.0: training.json was the record, not a journal.

Such a directory is read as the journal that it would have, and gets that journal when a command
opens it for writing.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pnas.errors import InvalidValue, MalformedFile
from pnas.records.child_records import ChildResult, Status
from pnas.records.journal import Journal
from pnas.records.journal_reader import JournalReader
from pnas.records.path_safety import validate_keys
from pnas.records.run_directory import CONFIG, JOURNAL, TRAINING
from pnas.records.training_history import as_columns, read_history
from pnas.records.training_journal import STAGE, reward_of, store_members, test_facts
from pnas.records.training_record import (
    HISTORY,
    MEMBER_WEIGHTS,
    MEMBERS,
    Member,
    Training,
    load_training,
)
from pnas.state_space import Cell

_DRAFT = f".{JOURNAL}.converted"
_OF_THE_DRAFT = (_DRAFT, f"{_DRAFT}-wal", f"{_DRAFT}-shm")


def convert_earlier_training(run_dir: Path) -> None:
    """Give a training of an earlier version its journal; other directories are left alone.

    The journal is built aside and moved in as a whole, so that a kill leaves either none or all of
    it. The caller holds ``run_dir``.

    Raises:
        RunDirectoryError: training.json or a history.csv cannot be read.
    """
    if not _is_earlier(run_dir):
        return
    for name in _OF_THE_DRAFT:
        (run_dir / name).unlink(missing_ok=True)
    _write_journal(run_dir, run_dir / _DRAFT)
    (run_dir / _DRAFT).replace(run_dir / JOURNAL)


@contextmanager
def open_run(run_dir: Path) -> Iterator[JournalReader]:
    """Open the journal of the run in ``run_dir`` for reading, that of an earlier training too.

    Nothing is written to ``run_dir``.

    Raises:
        RunDirectoryError: There is no run, or it cannot be read.
    """
    if not _is_earlier(run_dir):
        with JournalReader(run_dir / JOURNAL) as journal:
            yield journal
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / JOURNAL
        _write_journal(run_dir, path)
        with JournalReader(path) as journal:
            yield journal


def _is_earlier(run_dir: Path) -> bool:
    return (run_dir / TRAINING).is_file() and not (run_dir / JOURNAL).exists()


def _write_journal(run_dir: Path, path: Path) -> None:
    """Write what training.json and the histories say to a new journal."""
    training = load_training(run_dir)
    ids = [member.id for member in training.members]
    validate_keys(ids, run_dir / TRAINING)
    if len(set(ids)) < len(ids):
        raise MalformedFile(f"{run_dir / TRAINING}: members", "must differ in their ids", ids)
    try:
        _fill_journal(run_dir, training, path)
    except (InvalidValue, OverflowError) as error:
        reason = " ".join(str(error).split())
        rule = f"must be what task=train writes ({reason})"
        raise MalformedFile(str(run_dir / TRAINING), rule) from None


def _fill_journal(run_dir: Path, training: Training, path: Path) -> None:
    started_at = _changed_at(run_dir / CONFIG, run_dir / TRAINING)
    data = dict(training.data)
    fingerprint = data.pop("fingerprint", None)
    with Journal(path, create=True) as journal:
        journal.set_meta(
            search_id=training.training_id,
            name=training.name,
            overrides=training.command,
            started_at=started_at,
            config=training.config,
            data_fingerprint=fingerprint,
        )
        store_members(journal, training.members, data, at=started_at)
        for member in training.members:
            _store_result(journal, member, training, run_dir)
        _store_end(journal, training)


def _store_result(journal: Journal, member: Member, training: Training, run_dir: Path) -> None:
    """Store the epochs of a training, and how it ended if it has."""
    folder = run_dir / MEMBERS / member.id
    metrics = as_columns(read_history(folder / HISTORY))
    if member.status == "waiting":
        if metrics:
            journal.set_metrics(member.id, metrics)
        return

    is_finished = member.status == "finished"
    result = ChildResult(
        cell=Cell.parse(member.cell),
        seed=member.seed,
        status=Status.OK if is_finished else Status.FAILED,
        reward=reward_of(metrics, training.config) if is_finished else None,
        metrics=metrics,
        params=member.params,
        flops=member.flops,
        seconds=member.seconds,
        error=member.error,
    )
    ended_at = _changed_at(folder / MEMBER_WEIGHTS, folder / HISTORY, run_dir / TRAINING)
    journal.end_child(member.id, result, at=ended_at)


def _store_end(journal: Journal, training: Training) -> None:
    """Store what an earlier version measured at the end, and where MLflow shows it."""
    accuracies = {}
    for member in training.members:
        if member.test_accuracy is not None and math.isfinite(member.test_accuracy):
            accuracies[member.id] = member.test_accuracy
    if training.status == "finished":
        journal.close_stage(STAGE, None)
    journal.set_meta(
        **test_facts(journal, accuracies),
        search_seconds=sum(member.seconds for member in training.members),
        status=training.status,
        tracking=training.tracking,
        tracked=training.tracked,
    )


def _changed_at(*paths: Path) -> float:
    """Return when the first of ``paths`` that exists was changed, in seconds since the epoch."""
    for path in paths:
        if path.is_file():
            return path.stat().st_mtime
    return 0.0
