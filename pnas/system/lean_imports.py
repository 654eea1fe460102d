"""TensorFlow and Keras imported without the packages that only other programs use them with."""

import gc
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from types import ModuleType

UNUSED = frozenset({"matplotlib", "pandas", "sklearn"})
"""Packages that Keras imports where they are installed, for arguments that pnas never passes."""


class _Hidden(MetaPathFinder):
    """Hides `UNUSED` from one thread; others import them meanwhile.

    Args:
        thread: Identifier of the thread.
    """

    def __init__(self, thread: int) -> None:
        self._thread = thread

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> None:
        """See `importlib.abc.MetaPathFinder`; None means that others are asked."""
        if fullname in UNUSED and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is not imported with Keras", name=fullname)


class _Process:
    """What was decided for this process."""

    is_own = False


def own_process() -> None:
    """Say that this process runs pnas alone, so that nobody passes data frames to its Keras."""
    _Process.is_own = True


@contextmanager
def lean_imports() -> Iterator[None]:
    """Import TensorFlow and Keras in this block in three quarters of the time.

    In a process of somebody else, such as a notebook, they are imported whole.
    """
    if not _Process.is_own:
        yield
        return
    finder = _Hidden(threading.get_ident())
    sys.meta_path.insert(0, finder)
    # Importing makes a million objects, few of them garbage.
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
        sys.meta_path.remove(finder)
