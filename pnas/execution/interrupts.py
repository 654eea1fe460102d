"""Ctrl-C while children are trained: the first one lets them finish, for a while; the second one stops now."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def soft_interrupts(grace: float) -> Iterator[Callable[[], bool]]:
    """Make the first SIGINT in here a wish, and any other an interrupt.

    Yields a function that says whether there was one. ``grace`` seconds after the first, if this context still
    lasts, a second one is sent: waiting is bounded. SIGTERM is not touched: it interrupts at once.

    Only the main thread of a process gets signals; elsewhere nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked = threading.Event()
    over = threading.Event()

    def handle(signum: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        # Not in the handler: it may have interrupted something that prints.
        threading.Thread(target=_count_down, args=(grace, over), daemon=True).start()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield asked.is_set
    finally:
        over.set()
        signal.signal(signal.SIGINT, before)


def _count_down(grace: float, over: threading.Event) -> None:
    print(
        f"\nstopping: waiting {grace:.0f} s at most for the children that run, no others are started; "
        "Ctrl-C again stops now",
        file=sys.stderr,
        flush=True,
    )
    if not over.wait(grace):
        os.kill(os.getpid(), signal.SIGINT)
