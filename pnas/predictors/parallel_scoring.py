"""Scoring on every core, with results that do not depend on the number of cores."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

from pnas.system.cores import available_cores


def run_all(work: Callable[[int], None], tasks: int) -> None:
    """Call ``work(0)`` to ``work(tasks - 1)`` on a pool of threads.

    NumPy releases the interpreter's lock, so the threads run side by side. Each computes matrix
    products on a single thread: threads of NumPy's own would wait for one another.
    """
    with one_thread():
        if tasks == 1:
            work(0)
            return
        with ThreadPoolExecutor(min(available_cores(), max(tasks, 1))) as pool:
            list(pool.map(work, range(tasks)))


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute matrix products and factorisations on one thread.

    Small ones are faster so, and their results are the same on any number of cores.
    """
    with _blas().limit(limits=1, user_api="blas"):
        yield


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()
