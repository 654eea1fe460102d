"""Scoring on every core the process may use, with results that do not depend on how many there are."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


def run_all(work: Callable[[int], None], tasks: int) -> None:
    """Call ``work(0)`` .. ``work(tasks - 1)`` on a pool of threads, each with single-threaded matrix products.

    NumPy lets go of the interpreter's lock, so threads run side by side; its own threads would wait for one
    another.
    """
    with one_thread():
        if tasks == 1:
            work(0)
            return
        with ThreadPoolExecutor(min(_cores(), max(tasks, 1))) as pool:
            list(pool.map(work, range(tasks)))


@contextmanager
def one_thread() -> Iterator[None]:
    """Matrix products and factorisations on one thread: small ones are faster so, and the same on any machine."""
    with _blas().limit(limits=1, user_api="blas"):
        yield


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
