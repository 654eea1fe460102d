"""Files that are whole or not there: written beside their place, then moved into it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pnas.errors import NotWritable
from pnas.system.file_lock import file_lock


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give the ``with`` block a draft to write, and move it to ``path`` at its end.

    The draft is in the same directory, under a hidden name with this process's id. It is removed
    if the block raises. A link of that name, which somebody else may have left, is never followed.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Replace ``path`` by a file with ``text``; a reader, or a kill, never meets half of it.

    Raises:
        NotWritable: There is no room or no permission. ``path`` is as it was.
    """
    try:
        with atomic_write(path) as draft, draft.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise NotWritable(
            f"{path}: cannot be written ({error.strerror}). What was stored is intact; "
            "the same command continues when this is corrected"
        ) from error


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Give the ``with`` block a draft directory to fill, and move it to ``path`` at its end.

    The draft lies beside ``path`` under a hidden name. One process at a time has it: what an
    earlier one that was killed has left there is removed first. It is removed if the block raises.

    Args:
        path: Directory to make. It must not exist, or be empty.

    Raises:
        LockIsHeld: Another process is making it.
        OSError: There is no room or no permission, or ``path`` has files.
    """
    lock = path.with_name(f".{path.name}.lock")
    draft = path.with_name(f".{path.name}.draft")
    with file_lock(lock, timeout=0):
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            yield draft
            os.replace(draft, path)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
            lock.unlink(missing_ok=True)
