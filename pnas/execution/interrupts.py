"""Ctrl-C while children are trained: the first lets them finish, the second stops at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from pnas.system.import_locks import postpone_in_import
from pnas.system.interrupts import answer, note_press


@contextmanager
def soft_interrupts(grace: float) -> Iterator[Callable[[], bool]]:
    """Make the first SIGINT in this block a request, and any other an interrupt.

    Each is answered at once on the standard error. ``grace`` seconds after the first, if the block
    still lasts, a second one is sent, so the wait is bounded. SIGTERM still interrupts at once.

    Only the main thread of a process receives signals; elsewhere nothing changes.

    Args:
        grace: Seconds that the children in training get to finish.

    Yields:
        A function that returns whether there was a request.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    requested = threading.Event()
    block_ended = threading.Event()

    def handle(signum: int, frame: FrameType | None) -> None:
        if postpone_in_import(signum, frame):
            return
        note_press()
        if requested.is_set():
            answer("stopping now")
            raise KeyboardInterrupt
        requested.set()
        answer(
            f"finishing the children in training, at most {grace:.0f} s; "
            "press Ctrl-C again to stop now"
        )
        arguments = (grace, block_ended)
        threading.Thread(target=_interrupt_after, args=arguments, daemon=True).start()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield requested.is_set
    finally:
        block_ended.set()
        signal.signal(signal.SIGINT, before)


def _interrupt_after(grace: float, block_ended: threading.Event) -> None:
    if not block_ended.wait(grace):
        os.kill(os.getpid(), signal.SIGINT)
