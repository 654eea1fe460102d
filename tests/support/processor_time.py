"""Processor time of the processes below another, which says what they do on a busy machine too."""

import os
from collections.abc import Iterator
from pathlib import Path

_PARENT, _USER, _SYSTEM = 1, 11, 12
"""Places of fields in /proc/<id>/stat behind the name of the command."""


def is_below(process: int, ancestor: int) -> bool:
    """Whether ``process`` is ``ancestor``, or one that it has started, or one that those have."""
    while process > 1:
        if process == ancestor:
            return True
        process = int(_stat(process)[_PARENT])
    return False


def most_seconds_below(ancestor: int) -> float:
    """Return the largest processor time of one process among ``ancestor`` and those below it."""
    ticks = os.sysconf("SC_CLK_TCK")
    return max((spent / ticks for spent in _ticks_below(ancestor)), default=0.0)


def _ticks_below(ancestor: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*"):
        process = int(path.name)
        try:
            if is_below(process, ancestor):
                fields = _stat(process)
                yield int(fields[_USER]) + int(fields[_SYSTEM])
        except (OSError, ProcessLookupError):
            continue  # it has ended meanwhile


def _stat(process: int) -> list[str]:
    text = Path(f"/proc/{process}/stat").read_text()
    return text.rpartition(")")[2].split()
