"""20 faults, each in a small search of real children: what becomes of the child, and of the search.

    .venv/bin/python experiments/benchmarks/fault_injection.py            # all of them, as a Markdown table
    .venv/bin/python experiments/benchmarks/fault_injection.py --only 3 7

Each search trains 3 cells of one block and 2 of two on the digits, and meets one fault. "As undisturbed" says whether
all cells, rewards and predictions are those of the same search without a fault. Takes 5-15 minutes on 2 cores; the
two with Ray are left out where it is not installed.
"""

import argparse
import ctypes
import errno
import importlib.util
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from pnas.children import ChildRunnerFactory, NetworkSpec, TrainerSpec
from pnas.data import DigitsSpec
from pnas.execution import ExecutorSpec, Runner, make_executor, worker
from pnas.predictors import ControllerSpec
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
from pnas.state_space import Cell, StateSpace

SPACE = StateSpace(B=2, operators=["3x3 maxpool", "identity"], input_lookback_depth=-1)
CELLS = SPACE.initial_children()
TRAINER = TrainerSpec(epochs=2, batchsize=64, validate_every=1)
CHILDREN = ChildRunnerFactory(DigitsSpec(), NetworkSpec(filters=2), TRAINER)


@dataclass(frozen=True)
class Fault:
    """One fault and what is expected of the search.

    Attributes:
        what: as the table says it.
        action: name of a function below, called in the process that trains.
        where: the executor.
        place: ``child`` (before it is trained), or ``start`` (of the worker).
        once: at the first attempt only.
        cells: the cells that meet it.
        search, executor: settings.
        expected: what becomes of the first of those children.
        same: whether the search must end as the undisturbed one.
        says: what the reason of its failure must hold.
    """

    what: str
    action: str
    where: str = "serial"
    place: str = "child"
    once: bool = False
    cells: tuple[Cell, ...] = (CELLS[1],)
    search: dict[str, Any] = field(default_factory=dict)
    executor: dict[str, Any] = field(default_factory=dict)
    expected: str = "failed"
    same: bool = False
    says: str = ""


RETRIED = {"once": True, "expected": "ok", "same": True}
FAULTS = [
    Fault("out of memory with the whole batch", "exhaust_whole_batch", expected="ok"),
    Fault("out of memory whatever the batch", "exhaust", says="ResourceExhaustedError"),
    Fault("`MemoryError` while building", "no_memory_to_build", says="MemoryError"),
    Fault("loss not finite (learning rate 1e30)", "diverge", says="loss is"),
    Fault(
        "loss not finite, `search.failed_reward=worst`",
        "diverge",
        search={"failed_reward": "worst"},
        says="loss is",
    ),
    Fault("exception in building", "break_build", says="do not match"),
    Fault("no space for the child's weights", "fill_disk", says="No space left"),
    Fault(
        "2 of 3 children of a stage fail",
        "break_build",
        cells=(CELLS[0], CELLS[1]),
        expected="stopped",
    ),
    Fault("time budget passed", "dawdle", search={"max_seconds": 6.0}, expected="ok"),
    Fault("worker killed (SIGKILL) in training", "die", "local", **RETRIED),
    Fault("worker killed at every attempt", "die", "local", says="SIGKILL"),
    Fault("worker killed while it starts up", "die", "local", "start", **RETRIED),
    Fault("worker ends with a segmentation fault", "crash", "local", says="SIGSEGV"),
    Fault("worker aborts, as TensorFlow's checks do", "abort", "local", **RETRIED),
    Fault("worker hangs once", "hang", "local", executor={"child_timeout": 10.0}, **RETRIED),
    Fault(
        "worker hangs in native code, lock held",
        "hang_natively",
        "local",
        executor={"child_timeout": 10.0},
        says="child_timeout",
    ),
    Fault("killed for want of memory", "die_whole", "local", expected="ok"),
    Fault("workers killed while idle, between stages", "none", "local", expected="ok", same=True),
    Fault("Ray worker killed in training", "die", "ray", **RETRIED),
    Fault(
        "Ray worker hangs", "hang", "ray", executor={"child_timeout": 30.0}, says="child_timeout"
    ),
]


# -- what goes wrong, in the process that trains -----------------------------------------------------------------


def exhaust_whole_batch(job: ChildJob) -> None:
    _replace_train(smallest=TRAINER.batchsize // 2)


def exhaust(job: ChildJob) -> None:
    _replace_train(smallest=0)


def _replace_train(smallest: int) -> None:
    import tensorflow as tf

    from pnas.children.search_training import fast_loop as training

    train = training.train

    def train_within(weights: Any, data: Any, trainer: TrainerSpec, seed: int, parts: int) -> Any:
        if trainer.batchsize // parts > smallest:
            raise tf.errors.ResourceExhaustedError(
                None, None, "OOM when allocating tensor with shape[64,16,8,8]"
            )
        return train(weights, data, trainer, seed, parts)

    _patch(training, "train", train_within)


def no_memory_to_build(job: ChildJob) -> None:
    from pnas.children.network import keras_layers

    _patch(keras_layers, "build_model", _raiser(MemoryError("cannot allocate 12 GiB")))


def break_build(job: ChildJob) -> None:
    from pnas.children.network import keras_layers

    _patch(
        keras_layers,
        "build_model",
        _raiser(ValueError("shapes (8, 8, 2) and (4, 4, 2) do not match")),
    )


def fill_disk(job: ChildJob) -> None:
    from pnas.children import manager

    _patch(manager, "save_weights", _raiser(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))


def diverge(job: ChildJob) -> None:
    from pnas.children.search_training import fast_loop as training

    wild = replace(TRAINER, learning_rate=1e30, optimizer="momentum", schedule="constant")
    train = training.train
    _patch(
        training,
        "train",
        lambda weights, data, trainer, seed, parts: train(weights, data, wild, seed, parts),
    )


def dawdle(job: ChildJob) -> None:
    time.sleep(6.0)


def die(job: ChildJob | None) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_whole(job: ChildJob) -> None:
    if job.accumulate == 1:
        die(job)


def crash(job: ChildJob) -> None:
    ctypes.string_at(0)


def abort(job: ChildJob) -> None:
    os.abort()


def hang(job: ChildJob) -> None:
    time.sleep(3600)


def hang_natively(job: ChildJob) -> None:
    ctypes.PyDLL(None).sleep(3600)


def none(job: ChildJob) -> None:
    pass


def _raiser(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


_patched: list[tuple[Any, str, Any]] = []


def _patch(owner: Any, name: str, value: Any) -> None:
    """Until this child has ended."""
    _patched.append((owner, name, getattr(owner, name)))
    setattr(owner, name, value)


@dataclass(frozen=True)
class FaultyChildren:
    """A runner factory: real children, and the fault. ``folder`` remembers attempts from one process to another."""

    fault: Fault | None
    folder: str
    action: Callable[[ChildJob], None]  # not its name: Ray's workers do not have this module

    def __call__(self) -> Runner:
        if self.fault is not None and self.fault.place == "start" and self._is_due("start"):
            die(None)
        train = CHILDREN()

        def run(job: ChildJob) -> ChildResult:
            self._note(job)
            try:
                self._meet(job)
                return train(job)
            finally:
                while _patched:
                    setattr(*_patched.pop())

        return run

    def _meet(self, job: ChildJob) -> None:
        fault = self.fault
        if fault is None or fault.place != "child" or job.cell not in fault.cells:
            return
        if self._is_due(str(job.seed)):
            self.action(job)

    def _is_due(self, name: str) -> bool:
        marker = Path(self.folder) / f"met-{name}"
        is_first = not marker.exists()
        marker.touch()
        return is_first or not (self.fault is not None and self.fault.once)

    def _note(self, job: ChildJob) -> None:
        (Path(self.folder) / f"attempt-{job.seed}-{time.time_ns()}").touch()


# -- the searches ------------------------------------------------------------------------------------------------


class KillIdleWorkers:
    """Kills all workers when a stage is closed."""

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
    spec = ControllerSpec(hidden=8, steps=20, K=2)
    context = StrategyContext(ProgressiveSpec(), SPACE, spec, seed=0)
    kind = "serial" if fault is None else fault.where
    options = {"workers": 2, **(fault.executor if fault else {})}
    action = globals()[fault.action if fault else "none"]
    executor = make_executor(
        ExecutorSpec(kind, **options), FaultyChildren(fault, str(folder), action)
    )
    with closing(executor), closing(Journal(folder / "journal.sqlite", create=True)) as journal:
        observers = (
            (KillIdleWorkers(executor),) if fault is not None and fault.action == "none" else ()
        )
        loop = SearchLoop(
            make_strategy=partial(make_strategy, context),
            executor=executor,
            journal=journal,
            identify=partial(identify, SPACE, 0),
            weights_dir=folder / "weights",
            observers=observers,
            spec=SearchSpec(**settings),
        )
        loop.run()


def children(folder: Path) -> list[ChildRecord]:
    with Journal(folder / "journal.sqlite") as journal:
        return journal.children()


def rewards(folder: Path) -> list[tuple[Cell, float | None, float | None]]:
    return [(child.cell, child.reward, child.predicted) for child in children(folder)]


@contextmanager
def kernel_kills() -> Iterator[None]:
    """Every SIGKILL looks like the kernel's: its count of them, which nobody should have to raise, goes up."""
    counted = worker.oom_kills
    kills = iter(range(1000))
    worker.oom_kills = lambda: next(kills)
    try:
        yield
    finally:
        worker.oom_kills = counted


def run_fault(fault: Fault, folder: Path, undisturbed: list[Any]) -> list[str]:
    """Meet one fault; the cells of its line in the table."""
    end = "finished"
    try:
        with kernel_kills() if fault.action == "die_whole" else nullcontext():
            search(folder, fault, **fault.search)
    except SearchFailed:
        end = "stopped, saying why; `search.retry_failed=true` finished it"
        search(folder, None, retry_failed=True)
        assert fault.expected == "stopped", fault
        assert rewards(folder) == undisturbed
    if fault.search.get("max_seconds"):
        with Journal(folder / "journal.sqlite") as journal:
            assert journal.meta(STOPPED_BY), fault
        done = sum(child.status is Status.OK for child in children(folder))
        end = f"finished with {done} children; more time finished it"
        search(folder, None)
    same = rewards(folder) == undisturbed
    assert same or not fault.same, (fault, rewards(folder))
    child = next(child for child in children(folder) if child.cell == fault.cells[0])
    others = [c for c in children(folder) if c.cell not in fault.cells]
    assert all(c.status is Status.OK for c in others), fault
    assert fault.expected in (child.status, "stopped"), (fault, child)
    assert fault.says in str(child.error), (fault, child)
    return [fault.where, fault.what, outcome(child, fault, folder), end, "yes" if same else "no"]


def outcome(child: ChildRecord, fault: Fault, folder: Path) -> str:
    count = len(list(folder.glob(f"attempt-{child.seed}-*")))
    attempts = "" if count == 1 else f", {count} attempts"
    if child.status is Status.FAILED:
        line = str(child.error)
        return f"failed: {line if len(line) < 130 else line[:127] + '...'}"
    parts = child.metrics.get("accumulate")
    return f"trained{attempts}" + (f", batch in {parts[0]:.0f} parts" if parts else "")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=int, nargs="+", help="numbers of faults")
    chosen = parser.parse_args().only or range(1, len(FAULTS) + 1)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "undisturbed"
        base.mkdir()
        search(base, None)
        undisturbed = rewards(base)
        print("| # | executor | fault | the child | the search | as undisturbed |")
        print("|---|---|---|---|---|---|", flush=True)
        for number in chosen:
            fault = FAULTS[number - 1]
            if fault.where == "ray" and importlib.util.find_spec("ray") is None:
                continue
            folder = Path(scratch) / str(number)
            folder.mkdir()
            print(f"| {number} | {' | '.join(run_fault(fault, folder, undisturbed))} |", flush=True)


if __name__ == "__main__":
    main()
