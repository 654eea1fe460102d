"""The run directories that `task.files` names: runs themselves, sweeps of runs, files in them, or patterns of these."""

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path

from pnas.errors import InvalidValue, RunDirectoryError
from pnas.records.path_safety import check_no_escaping_symlinks
from pnas.records.run_directory import JOURNAL

_KEY = "task.files"


def run_dirs(files: Iterable[str]) -> list[Path]:
    """The run directories behind names and patterns (``**`` included), each once, in the order of their mention.

    A directory that holds run directories (a sweep, ``outputs``) stands for all of them; a file stands for the
    directory it lies in.

    Raises:
        InvalidValue: nothing was named, or a name or pattern behind which there is no run.
        RunDirectoryError: a run directory that links out of itself.
    """
    names = list(files)
    if not names:
        raise InvalidValue(_KEY, "must name at least one run", names)
    found = dict.fromkeys(path for name in names for path in _behind(name))
    for path in found:
        check_no_escaping_symlinks(path)
    return list(found)


def _behind(name: str) -> list[Path]:
    expanded = str(Path(name).expanduser())
    # A name that exists is never read as a pattern: names of runs may hold [brackets].
    names = (
        [expanded]
        if Path(expanded).exists()
        else sorted(glob.glob(expanded, recursive=True), key=_by_number)
    )
    if not names:
        raise InvalidValue(_KEY, "must name runs that exist, or a pattern that matches some", name)
    runs = [run for path in map(Path, names) for run in _runs_of(path)]
    if not runs:
        raise RunDirectoryError(
            f"{_KEY}: {name} is not a run directory (it has no {JOURNAL}), and holds none"
        )
    return runs


def _runs_of(path: Path) -> Iterator[Path]:
    if path.is_file():
        path = path.parent
    if (path / JOURNAL).is_file():
        yield path
    elif path.is_dir():
        inside = [home for home in path.iterdir() if (home / JOURNAL).is_file()]
        yield from sorted(inside, key=lambda home: _by_number(str(home)))


def _by_number(name: str) -> tuple[str, int, str]:
    """The jobs of a sweep are numbered: 10 comes after 9."""
    last = Path(name).name
    return str(Path(name).parent), int(last) if last.isdecimal() else -1, last
