"""The standard error of this process, switched off for libraries that write past Python to it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


class _Kept:
    """Descriptors of the standard error as it was before each block that discards it."""

    descriptors: list[int] = []  # noqa: RUF012 (one list for the process, as the descriptor is)


@contextmanager
def stderr_discarded() -> Iterator[None]:
    """Discard what any thread of this process writes to the standard error, also from C."""
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, _STDERR)
    _Kept.descriptors.append(kept)
    try:
        yield
    finally:
        _Kept.descriptors.remove(kept)
        os.dup2(kept, _STDERR)
        os.close(kept)
        os.close(null)


def visible_stderr() -> int:
    """Return the descriptor that people see, also while the standard error is discarded."""
    return _Kept.descriptors[0] if _Kept.descriptors else _STDERR
