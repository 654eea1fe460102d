"""The run directories that ``task.files`` names: runs, sweeps, files in runs, or patterns."""

from collections.abc import Iterable
from pathlib import Path

from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records.path_safety import check_no_escaping_symlinks
from pnas.records.run_directory import JOURNAL, holds_run
from pnas.system.path_patterns import matching_paths, numbered_order

_KEY = "task.files"


def select_run_dirs(names: Iterable[str]) -> list[Path]:
    """Return the run directories behind names and patterns, each once, in order of mention.

    A directory that holds run directories (a sweep, ``outputs``) stands for all of them; a file
    stands for the directory that holds it.

    Args:
        names: Paths or glob patterns (``**`` included).

    Raises:
        InvalidValue: ``names`` is empty, or nothing is there under a name.
        RunDirectoryError: A name stands for no run, or for one that links out of itself.
    """
    names = list(names)
    if not names:
        raise InvalidValue(_KEY, "must name at least one run", names)

    selected: dict[Path, None] = {}
    for name in names:
        selected.update(dict.fromkeys(_run_dirs_of(name)))
    for run_dir in selected:
        check_no_escaping_symlinks(run_dir)
    return list(selected)


def _run_dirs_of(name: str) -> list[Path]:
    matches = matching_paths(name)
    if not matches:
        raise InvalidValue(_KEY, "must name runs that exist, or a pattern that matches some", name)

    run_dirs: list[Path] = []
    for path in matches:
        run_dirs += _run_dirs_at(path)
    if not run_dirs:
        raise RunDirectoryError(
            f"{_KEY}: {name} is not a run directory (it has no {JOURNAL}), and holds none"
        )
    return run_dirs


def _run_dirs_at(path: Path) -> list[Path]:
    folder = path.parent if path.is_file() else path
    if holds_run(folder):
        return [folder]
    if not folder.is_dir():
        return []
    inside = [entry for entry in folder.iterdir() if holds_run(entry)]
    return sorted(inside, key=numbered_order)
