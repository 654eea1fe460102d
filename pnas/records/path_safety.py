"""A run directory may come from somebody else: nothing in it may lead a command to files outside of it."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from pnas.errors import RunDirectoryError

_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


def check_no_escaping_symlinks(run_dir: Path) -> None:
    """Refuse a run directory that holds a symbolic link to something outside of it.

    Commands write plots, weights and tables there, and drop weights that were beaten: through such a link they
    would write and delete elsewhere. The run directory itself may be reached through links.

    Raises:
        RunDirectoryError: names the link.
    """
    home = run_dir.resolve()
    for folder, folders, files in os.walk(run_dir):
        for path in (Path(folder, name) for name in (*folders, *files)):
            if path.is_symlink() and not path.resolve().is_relative_to(home):
                raise RunDirectoryError(
                    f"{path}: is a link out of its run directory; replace it by what it links to"
                )


def validate_keys(keys: Iterable[str], journal: Path) -> None:
    """Refuse keys that are no plain names: files of weights are named after them.

    Raises:
        RunDirectoryError: names the journal and the key.
    """
    for key in keys:
        if not _KEY.fullmatch(key):
            raise RunDirectoryError(
                f"{journal}: holds a child with the key {key!r:.80}, which no search has made"
            )
