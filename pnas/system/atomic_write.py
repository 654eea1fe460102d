"""Files that are whole or not there: written beside their place, then moved into it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    """Write ``text`` to ``path`` as a whole."""
    with atomic_write(path) as draft, draft.open("x", encoding="utf-8") as file:
        file.write(text)
