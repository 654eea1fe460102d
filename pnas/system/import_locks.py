"""Signals that arrive while the main thread takes or gives back an import lock.

An exception that a signal handler raises between the moment at which the import system has a lock
and the one at which it would give it back loses that lock for good: whatever thread imports next
waits for ever. It may also be raised in a callback, where Python ignores it.
"""

import os
import threading
from types import FrameType

_IMPORT_SYSTEM = "<frozen importlib"
_SECONDS = 0.05
_MOST_TIMES = 40
"""Times in a row that a signal is postponed: two seconds, by which the main thread does not hold an
import lock but waits for one, which may be interrupted."""


class _Postponed:
    """How often in a row a signal was postponed."""

    count = 0


def postpone_in_import(signum: int, frame: FrameType | None) -> bool:
    """Send a signal again a little later, if its handler must not raise an exception now.

    Args:
        signum: The signal.
        frame: Where it has interrupted the main thread.

    Returns:
        Whether it was postponed; the handler is then to do nothing.
    """
    is_importing = frame is not None and frame.f_code.co_filename.startswith(_IMPORT_SYSTEM)
    if not is_importing or _Postponed.count >= _MOST_TIMES:
        _Postponed.count = 0
        return False
    _Postponed.count += 1
    timer = threading.Timer(_SECONDS, os.kill, (os.getpid(), signum))
    timer.daemon = True
    timer.start()
    return True
