"""What a Ray worker runs: one child, whose weights come back with its result."""

import faulthandler
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pnas.errors import PnasError
from pnas.execution.answers import Answer, failed_result
from pnas.execution.base import Runner, RunnerFactory
from pnas.records import ChildJob, ChildResult
from pnas.system.lean_imports import own_process

_runners: dict[str, Runner] = {}
"""The runners of this worker process, by the token of their executor."""


def train_remotely(
    token: str, factory: RunnerFactory, job: ChildJob, timeout: float | None
) -> tuple[Answer, bytes | None]:
    """Train one child in a Ray worker.

    Args:
        token: Tells the executors apart that use the same worker.
        factory: Makes the runner, once a worker and executor.
        job: The child to train.
        timeout: Seconds after which the worker is ended; None means no limit.

    Returns:
        The answer, and the content of the file of weights if the job asked for one.
    """
    try:
        if token not in _runners:
            # Ray's workers belong to the job that started them.
            own_process()
            _runners[token] = factory()
        with _time_limit(timeout), tempfile.TemporaryDirectory() as scratch:
            return _train(_runners[token], job, Path(scratch) / "weights.npz")
    except PnasError as error:
        # The command is wrong, not this child.
        return error, None
    except Exception as error:
        return failed_result(job, error), None


def _train(runner: Runner, job: ChildJob, weights: Path) -> tuple[ChildResult, bytes | None]:
    local_job = job if job.weights_path is None else replace(job, weights_path=str(weights))
    result = runner(local_job)
    content = weights.read_bytes() if weights.is_file() else None
    return result, content


@contextmanager
def _time_limit(timeout: float | None) -> Iterator[None]:
    """End this process if the block takes longer than ``timeout`` seconds.

    The watchdog is a thread of C code, which a child that hangs in C code cannot hold up.
    """
    if timeout is not None:
        file = sys.__stderr__ or sys.stderr
        faulthandler.dump_traceback_later(timeout, exit=True, file=file)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
