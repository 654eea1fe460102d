"""Ctrl-C in whatever phase of a command: answered at once, and exit code 130 however it ends."""

import atexit
import os
import signal
import threading
from types import FrameType

from pnas.system.import_locks import postpone_in_import
from pnas.system.quiet_stderr import visible_stderr

EXIT_CODE = 130
"""128 + SIGINT, which shells report for a command that Ctrl-C ended."""

_FIRST = "stopping; press Ctrl-C again to stop now"
_NOW = "stopping now"


class _Presses:
    """How often the running command was interrupted."""

    count = 0
    is_over = False


def answer_interrupts() -> None:
    """Answer every Ctrl-C from now on, until the process ends.

    The first and the second raise KeyboardInterrupt, so that files, workers and the tracker are
    put in order. A third ends the process: everything written is written whole or not at all, and
    the next command completes what is missing.

    Only the main thread of a process receives signals; elsewhere nothing changes.
    """
    _Presses.count = 0
    _Presses.is_over = False
    if threading.current_thread() is threading.main_thread():
        # Python's own end restores the default handler, by which the process would end by the
        # signal instead of with its exit code. What is registered first runs last.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGINT, _handle)


def was_interrupted() -> bool:
    """Whether this command was interrupted, so that its exit code is `EXIT_CODE`."""
    return _Presses.count > 0


def command_is_over() -> None:
    """Let a Ctrl-C from now on end the process at once: nothing is left to be put in order.

    Threads of libraries may still be waited for as the interpreter shuts down.
    """
    _Presses.is_over = True


def note_press() -> None:
    """Count a Ctrl-C that another handler has answered (`pnas.execution.interrupts`)."""
    _Presses.count += 1


def answer(text: str) -> None:
    """Write a line to the standard error, past its buffer.

    The signal may have come in the middle of a print, whose buffer must not be entered again.
    """
    try:
        os.write(visible_stderr(), f"\n{text}\n".encode())
    except OSError:
        # Nobody listens; the signal counts all the same.
        return


def _handle(signum: int, frame: FrameType | None) -> None:
    if postpone_in_import(signum, frame):
        return
    note_press()
    is_first = _Presses.count == 1 and not _Presses.is_over
    answer(_FIRST if is_first else _NOW)
    if _Presses.is_over or _Presses.count > 2:
        os._exit(EXIT_CODE)
    raise KeyboardInterrupt
