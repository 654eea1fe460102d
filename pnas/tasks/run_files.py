"""A search's run directory, opened for this command: a new one, or the one that it continues."""

import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from omegaconf import OmegaConf

from pnas.config import Settings
from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records import Journal
from pnas.records.rundir import CONFIG, JOURNAL, hold, refuse_other_meaning
from pnas.records.summary import write_atomically
from pnas.tasks.context import Context


@contextmanager
def opened_run(settings: Settings, context: Context) -> Iterator[Journal]:
    """Hold the run directory of this command and yield its journal.

    Raises:
        RunDirectoryError: it is in use, holds something else, or cannot be read.
        InvalidValue: it was started with a configuration of another meaning.
    """
    run_dir = context.run_dir
    _refuse_foreign(context)
    run_dir.mkdir(parents=True, exist_ok=True)
    with hold(run_dir), closing(Journal(run_dir / JOURNAL, create=True)) as journal:
        stored = journal.meta("config")
        if stored is None:
            _begin(settings, context, journal)
        else:
            refuse_other_meaning(run_dir, stored, settings.as_dict())
        yield journal


def is_finished(run_dir: Path) -> bool:
    """Whether ``run_dir`` holds a search that has nothing left to do.

    Raises:
        RunDirectoryError: its journal cannot be read.
    """
    if not (run_dir / JOURNAL).exists():
        return False
    with closing(Journal(run_dir / JOURNAL)) as journal:
        return bool(journal.meta("status") == "finished")


def check_same_data(journal: Journal, fingerprint: str) -> None:
    """Refuse to continue on data that is not what the stored rewards were measured on.

    Raises:
        InvalidValue: the fingerprints differ.
    """
    stored = journal.meta("data_fingerprint")
    if stored is None:
        journal.set_meta(data_fingerprint=fingerprint)
    elif stored != fingerprint:
        raise InvalidValue("data", f"must be what {journal.path.parent} was started on ({stored})", fingerprint)


def _refuse_foreign(context: Context) -> None:
    """A directory with other people's files is not turned into a run."""
    run_dir = context.run_dir
    if run_dir.is_dir() and not (run_dir / JOURNAL).exists():
        others = sorted(path.name for path in run_dir.iterdir() if path.name not in (".lock", ".hydra"))
        if others:
            raise RunDirectoryError(
                f"name: {run_dir} is not a run directory (it holds {others[0]}). Choose another name"
            )


def _begin(settings: Settings, context: Context, journal: Journal) -> None:
    config = settings.as_dict()
    write_atomically(context.run_dir / CONFIG, OmegaConf.to_yaml(OmegaConf.create(config)))
    name = settings.name if context.job is None else f"{settings.name}-{context.job}"
    journal.set_meta(
        search_id=uuid.uuid4().hex,
        name=name,
        sweep=context.sweep,
        choices=dict(context.choices),
        started_at=time.time(),
        status="running",
        config=config,
    )
