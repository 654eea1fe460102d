"""20 faults, each in a small search of real children: what becomes of the child, and of the search.

    .venv/bin/python experiments/benchmarks/fault_injection.py            # all, as a Markdown table
    .venv/bin/python experiments/benchmarks/fault_injection.py --only 3 7

Each search trains 3 cells of one block and 2 of two on the digits, and meets one fault. "As
undisturbed" says whether all cells, rewards and predictions are those of the same search without a
fault. Takes 5-15 minutes on 2 cores; the two with Ray are left out where it is not installed.
"""

import ctypes
import errno
import importlib.util
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import make_parser

from pnas.children import ChildRunnerFactory, PNASNetworkSpec, SearchTrainerSpec
from pnas.data import DigitsSpec
from pnas.execution import (
    EXECUTORS,
    ExecutorSpec,
    Runner,
    SerialSpec,
    make_executor,
    worker_process,
)
from pnas.predictors import LSTMSpec
from pnas.records import ChildJob, ChildRecord, ChildResult, Journal, Status
from pnas.runs.child_identity import identify
from pnas.search import (
    STOPPED_BY,
    ProgressiveSpec,
    SearchFailed,
    SearchLoop,
    SearchSpec,
    StrategyContext,
    make_strategy,
)
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import Cell, StateSpace

SPACE = StateSpace(B=2, operators=["3x3 maxpool", "identity"], input_lookback_depth=-1)
CELLS = SPACE.initial_children()
TRAINER = SearchTrainerSpec(epochs=2, batchsize=64, validate_every=1)
CHILDREN = ChildRunnerFactory(DigitsSpec(), PNASNetworkSpec(filters=2), TRAINER)
LONGEST_REASON = 130


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--only", type=int, nargs="+", help="numbers of faults")
    chosen = parser.parse_args().only or range(1, len(FAULTS) + 1)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "undisturbed"
        base.mkdir()
        search(base, None)
        undisturbed = read_rewards(base)
        print("| # | executor | fault | the child | the search | as undisturbed |")
        print("|---|---|---|---|---|---|", flush=True)
        for number in chosen:
            fault = FAULTS[number - 1]
            if fault.where == "ray" and importlib.util.find_spec("ray") is None:
                continue
            folder = Path(scratch) / str(number)
            folder.mkdir()
            row = run_fault(fault, folder, undisturbed)
            print(f"| {number} | {' | '.join(row)} |", flush=True)


# -- what goes wrong, in the process that trains ---------------------------------------------------


_patched: list[tuple[Any, str, Any]] = []
"""What this child's fault has replaced: (owner, attribute, original)."""


def _patch(owner: Any, name: str, value: Any) -> None:
    """Replace an attribute until this child has ended."""
    _patched.append((owner, name, getattr(owner, name)))
    setattr(owner, name, value)


def _undo_patches() -> None:
    while _patched:
        owner, name, original = _patched.pop()
        setattr(owner, name, original)


def _raiser(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def exhaust_whole_batch(job: ChildJob) -> None:
    _limit_memory(smallest=TRAINER.batchsize // 2)


def exhaust(job: ChildJob) -> None:
    _limit_memory(smallest=0)


def _limit_memory(smallest: int) -> None:
    """Run out of memory with more than ``smallest`` examples at a time."""
    import tensorflow as tf

    from pnas.children.search_training import fast_loop

    train = fast_loop.train

    def train_within(child: Any, trainer: SearchTrainerSpec, seed: int) -> Any:
        if trainer.batchsize // child.microbatches > smallest:
            reason = "OOM when allocating tensor with shape[64,16,8,8]"
            raise tf.errors.ResourceExhaustedError(None, None, reason)
        return train(child, trainer, seed)

    _patch(fast_loop, "train", train_within)


def no_memory_to_build(job: ChildJob) -> None:
    from pnas.children.network import keras_layers

    _patch(keras_layers, "build_model", _raiser(MemoryError("cannot allocate 12 GiB")))


def break_build(job: ChildJob) -> None:
    from pnas.children.network import keras_layers

    error = ValueError("shapes (8, 8, 2) and (4, 4, 2) do not match")
    _patch(keras_layers, "build_model", _raiser(error))


def fill_disk(job: ChildJob) -> None:
    from pnas.children import manager

    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    _patch(manager, "save_weights", _raiser(error))


def diverge(job: ChildJob) -> None:
    from pnas.children.search_training import fast_loop

    def wild_rates(trainer: SearchTrainerSpec, steps: int) -> Any:
        del trainer
        return np.full(steps, 1e30, np.float32)

    _patch(fast_loop, "learning_rates", wild_rates)


def exceed_budget(job: ChildJob) -> None:
    time.sleep(6.0)


def die(job: ChildJob | None) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_with_whole_batch(job: ChildJob) -> None:
    if job.accumulate == 1:
        die(job)


def crash(job: ChildJob) -> None:
    ctypes.string_at(0)


def abort(job: ChildJob) -> None:
    os.abort()


def hang(job: ChildJob) -> None:
    time.sleep(3600)


def hang_natively(job: ChildJob) -> None:
    # PyDLL keeps the interpreter's lock while it sleeps.
    ctypes.PyDLL(None).sleep(3600)


def no_fault(job: ChildJob) -> None:
    pass


# -- the faults ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """One fault, and what is expected of the search.

    Attributes:
        title: Text of the table.
        action: What happens, called in the process that trains.
        where: Executor.
        place: ``child`` (before a child is trained), or ``start`` (of the worker).
        is_once: Whether it happens at the first attempt only.
        cells: Cells that meet it.
        search: Settings of the search.
        executor: Settings of the executor.
        kills_idle_workers: Whether workers are killed between stages.
        looks_like_the_kernel: Whether kills count as the kernel's, for memory.
        expected: What becomes of the first of those children.
        is_as_undisturbed: Whether the search must end as the undisturbed one.
        reason: What the reason of a failure must contain.
    """

    title: str
    action: Callable[[Any], None]
    where: str = "serial"
    place: str = "child"
    is_once: bool = False
    cells: tuple[Cell, ...] = (CELLS[1],)
    search: dict[str, Any] = field(default_factory=dict)
    executor: dict[str, Any] = field(default_factory=dict)
    kills_idle_workers: bool = False
    looks_like_the_kernel: bool = False
    expected: str = "failed"
    is_as_undisturbed: bool = False
    reason: str = ""


RETRIED = {"is_once": True, "expected": "ok", "is_as_undisturbed": True}
SHORT_TIMEOUT = {"child_timeout": 10.0}
FAULTS = [
    Fault("out of memory with the whole batch", exhaust_whole_batch, expected="ok"),
    Fault("out of memory whatever the batch", exhaust, reason="ResourceExhaustedError"),
    Fault("`MemoryError` while building", no_memory_to_build, reason="MemoryError"),
    Fault("loss not finite (learning rate 1e30)", diverge, reason="loss is"),
    Fault(
        "loss not finite, `search.failed_reward=worst`",
        diverge,
        search={"failed_reward": "worst"},
        reason="loss is",
    ),
    Fault("exception in building", break_build, reason="do not match"),
    Fault("no space for the child's weights", fill_disk, reason="No space left"),
    Fault(
        "2 of 3 children of a stage fail",
        break_build,
        cells=(CELLS[0], CELLS[1]),
        expected="stopped",
    ),
    Fault("time budget passed", exceed_budget, search={"max_seconds": 6.0}, expected="ok"),
    Fault("worker killed (SIGKILL) in training", die, "local", **RETRIED),
    Fault("worker killed at every attempt", die, "local", reason="SIGKILL"),
    Fault("worker killed while it starts up", die, "local", "start", **RETRIED),
    Fault("worker ends with a segmentation fault", crash, "local", reason="SIGSEGV"),
    Fault("worker aborts, as TensorFlow's checks do", abort, "local", **RETRIED),
    Fault("worker hangs once", hang, "local", executor=SHORT_TIMEOUT, **RETRIED),
    Fault(
        "worker hangs in native code, lock held",
        hang_natively,
        "local",
        executor=SHORT_TIMEOUT,
        reason="child_timeout",
    ),
    Fault(
        "killed by the kernel, out of memory",
        die_with_whole_batch,
        "local",
        looks_like_the_kernel=True,
        expected="ok",
    ),
    Fault(
        "workers killed while idle, between stages",
        no_fault,
        "local",
        kills_idle_workers=True,
        expected="ok",
        is_as_undisturbed=True,
    ),
    Fault("Ray worker killed in training", die, "ray", **RETRIED),
    Fault(
        "Ray worker hangs", hang, "ray", executor={"child_timeout": 30.0}, reason="child_timeout"
    ),
]


@dataclass(frozen=True)
class FaultyChildren:
    """A runner factory: real children, and the fault.

    Attributes:
        place: Where the fault is met; None for no fault.
        is_once: Whether it happens at the first attempt only.
        cells: Cells that meet it.
        folder: Remembers attempts from one process to another.
        action: What happens. A function and not its name: Ray's workers do not have this module.
    """

    place: str | None
    is_once: bool
    cells: tuple[Cell, ...]
    folder: str
    action: Callable[[Any], None]

    def __call__(self) -> Runner:
        if self.place == "start" and self._is_due("start"):
            die(None)
        train = CHILDREN()

        def run(job: ChildJob) -> ChildResult:
            self._count_attempt(job)
            try:
                self._meet(job)
                return train(job)
            finally:
                _undo_patches()

        return run

    def _meet(self, job: ChildJob) -> None:
        is_concerned = self.place == "child" and job.cell in self.cells
        if is_concerned and self._is_due(str(job.seed)):
            self.action(job)

    def _is_due(self, name: str) -> bool:
        marker = Path(self.folder) / f"met-{name}"
        is_first = not marker.exists()
        marker.touch()
        return is_first or not self.is_once

    def _count_attempt(self, job: ChildJob) -> None:
        name = f"attempt-{job.seed}-{time.time_ns()}"
        (Path(self.folder) / name).touch()


# -- the searches ----------------------------------------------------------------------------------


class KillIdleWorkers:
    """An observer that kills all workers when a stage is closed."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor

    def stage_opened(self, b: int, children: object) -> None: ...
    def child_ended(self, child: object) -> None: ...
    def learning(self, b: int) -> None: ...

    def stage_closed(self, b: int) -> None:
        for process in filter(None, self._executor._workers):
            os.kill(process._process.pid, signal.SIGKILL)


def search(folder: Path, fault: Fault | None, **settings: Any) -> None:
    """Run, or continue, the search in ``folder``."""
    (folder / "weights").mkdir(exist_ok=True)
    context = StrategyContext(ProgressiveSpec(), SPACE, LSTMSpec(hidden=8, steps=20, K=2), seed=0)
    executor = _make_executor(folder, fault)
    observers = ()
    if fault is not None and fault.kills_idle_workers:
        observers = (KillIdleWorkers(executor),)

    with closing(executor), closing(Journal(folder / "journal.sqlite", create=True)) as journal:
        loop = SearchLoop(
            make_strategy=partial(make_strategy, context),
            training=TrainingSetup(executor, observers, weights_dir=folder / "weights"),
            journal=journal,
            identify=partial(identify, SPACE, 0),
            spec=SearchSpec(**settings),
        )
        loop.run()


def _make_executor(folder: Path, fault: Fault | None) -> Any:
    if fault is None:
        children = FaultyChildren(None, False, (), str(folder), no_fault)
        return make_executor(SerialSpec(), children)

    children = FaultyChildren(fault.place, fault.is_once, fault.cells, str(folder), fault.action)
    settings = {} if fault.where == "serial" else {"workers": 2, **fault.executor}
    spec = EXECUTORS.spec(fault.where, ExecutorSpec)(**settings)
    return make_executor(spec, children)


def read_children(folder: Path) -> list[ChildRecord]:
    with Journal(folder / "journal.sqlite") as journal:
        return journal.children()


def read_rewards(folder: Path) -> list[tuple[Cell, float | None, float | None]]:
    """Return cell, reward and prediction of each child."""
    return [(child.cell, child.reward, child.predicted) for child in read_children(folder)]


@contextmanager
def kills_look_like_the_kernels() -> Iterator[None]:
    """Raise the kernel's count of processes killed for memory, which no test should have to."""
    counted = worker_process.oom_kills
    kills = iter(range(1000))
    worker_process.oom_kills = lambda: next(kills)
    try:
        yield
    finally:
        worker_process.oom_kills = counted


def run_fault(fault: Fault, folder: Path, undisturbed: list[Any]) -> list[str]:
    """Meet one fault, check what is expected, and return its row of the table."""
    end = "finished"
    context = kills_look_like_the_kernels() if fault.looks_like_the_kernel else nullcontext()
    try:
        with context:
            search(folder, fault, **fault.search)
    except SearchFailed:
        end = "stopped, saying why; `search.retry_failed=true` finished it"
        search(folder, None, retry_failed=True)
        assert fault.expected == "stopped", fault
        assert read_rewards(folder) == undisturbed

    if fault.search.get("max_seconds"):
        end = _continue_after_budget(fault, folder)
    is_same = read_rewards(folder) == undisturbed
    assert is_same or not fault.is_as_undisturbed, (fault, read_rewards(folder))
    child = _check_children(fault, folder)
    same = "yes" if is_same else "no"
    return [fault.where, fault.title, describe_child(child, folder), end, same]


def _continue_after_budget(fault: Fault, folder: Path) -> str:
    with Journal(folder / "journal.sqlite") as journal:
        assert journal.meta(STOPPED_BY), fault
    done = sum(child.status is Status.OK for child in read_children(folder))
    search(folder, None)
    return f"finished with {done} children; more time finished it"


def _check_children(fault: Fault, folder: Path) -> ChildRecord:
    """Return the first child that met the fault."""
    children = read_children(folder)
    for child in children:
        is_concerned = child.cell in fault.cells
        assert is_concerned or child.status is Status.OK, (fault, child)

    first = next(child for child in children if child.cell == fault.cells[0])
    assert fault.expected in (first.status, "stopped"), (fault, first)
    assert fault.reason in str(first.error), (fault, first)
    return first


def describe_child(child: ChildRecord, folder: Path) -> str:
    if child.status is Status.FAILED:
        reason = str(child.error)
        if len(reason) > LONGEST_REASON:
            reason = reason[: LONGEST_REASON - 3] + "..."
        return f"failed: {reason}"

    text = "trained"
    attempts = len(list(folder.glob(f"attempt-{child.seed}-*")))
    if attempts > 1:
        text += f", {attempts} attempts"
    parts = child.metrics.get("accumulate")
    if parts:
        text += f", batch in {parts[0]:.0f} parts"
    return text


if __name__ == "__main__":
    main()
