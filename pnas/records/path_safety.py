"""Run directories may come from somebody else: nothing in one may lead to files outside of it."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pnas.errors import RunDirectoryError

_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


def check_no_escaping_symlinks(run_dir: Path) -> None:
    """Check that ``run_dir`` holds no symbolic link to something outside of it.

    Commands write plots, weights and tables there, and remove weights that were beaten: through
    such a link they would write and delete elsewhere. The run directory itself may be reached
    through links.

    Raises:
        RunDirectoryError: There is such a link; it is named.
    """
    home = run_dir.resolve()
    for path in _paths_below(run_dir):
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            raise RunDirectoryError(
                f"{path}: is a link out of its run directory; replace it by what it links to"
            )


def validate_keys(keys: Iterable[str], journal: Path) -> None:
    """Check that ``keys`` are plain names, because files of weights are named after them.

    Raises:
        RunDirectoryError: One is not; the journal and the key are named.
    """
    for key in keys:
        if not _KEY.fullmatch(key):
            raise RunDirectoryError(
                f"{journal}: holds a child with the key {key!r:.80}, which no search has made"
            )


def _paths_below(directory: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(directory):
        for name in (*folders, *files):
            yield Path(folder, name)
