"""What journal and MLflow cost: size, time to resume, and what they add to each child.

    .venv/bin/python experiments/benchmarks/journal_cost.py [--K 256] [--repeats 5]

The paper's search (B=5, K=256, eight operators: 1,160 children) with children that train in no time, through the real
loop, strategy, predictor and journal, in a temporary directory on this machine's disk. Takes a few minutes.
"""

import argparse
import hashlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from common import print_machine

from pnas.execution import Runner, SerialExecutor
from pnas.predictors.specs import ControllerSpec
from pnas.records import ChildJob, ChildRecord, ChildResult, Choice, Journal, Status
from pnas.records.run_directory import JOURNAL
from pnas.runs.child_identity import identify
from pnas.search import ProgressiveSpec, SearchLoop, StrategyContext, make_strategy
from pnas.state_space import StateSpace
from pnas.tracking import MlflowSpec, Projection, open_store

B = 5
EPOCHS = 20
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


def train(job: ChildJob) -> ChildResult:
    """A result as large as a real one's, that depends on the cell alone."""
    reward = int(hashlib.sha256(str(job.cell).encode()).hexdigest()[:8], 16) / 2**32
    metrics = {name: [reward / (epoch + 3) for epoch in range(EPOCHS)] for name in METRICS}
    return ChildResult(job.cell, job.seed, Status.OK, reward, metrics, 123_456, 12_345_678, 100.0)


def factory() -> Runner:
    return train


def search(space: StateSpace, K: int, journal: Journal) -> None:
    context = StrategyContext(ProgressiveSpec(), space, ControllerSpec(K=K), seed=0)
    loop = SearchLoop(
        make_strategy=partial(make_strategy, context),
        executor=SerialExecutor(factory),
        journal=journal,
        identify=partial(identify, space, 0),
    )
    loop.run()


def main() -> None:
    arguments = _parse()
    space = StateSpace(B)
    with tempfile.TemporaryDirectory(prefix="pnas-journal-") as scratch:
        path = Path(scratch) / JOURNAL
        with Journal(path, create=True) as journal:
            journal.set_meta(search_id="cost", name="cost", config={"K": arguments.K})
            made = _seconds(lambda: search(space, arguments.K, journal))
            children = journal.children()
        size = path.stat().st_size
        tracking = _project(Path(scratch))
        resumes = [_resume(path) for _ in range(arguments.repeats)]
        reopen_last_stage(path)
        replay = _seconds(lambda: _take_up(space, arguments.K, path))
        storing = _store(children, Path(scratch) / "again.sqlite")
    print(f"search of {len(children):,} children in no time each: {made:.0f} s")
    print(
        f"journal: {size / 2**20:.2f} MiB, {size / len(children):.0f} bytes a child with {EPOCHS} epochs"
    )
    _show("open, check and read all of it", resumes, "ms")
    print(
        f"take up the search at its last stage (predictor refitted on {len(children):,} children twice): {replay:.1f} s"
    )
    _show("journal per child (three FULL synchronous commits, one read)", storing, "ms")
    print(
        f"MLflow per child, by the tracker's thread into SQLite: {1000 * tracking / len(children):.1f} ms on average"
    )
    print_machine("tensorflow", "numpy", "mlflow")


def _resume(path: Path) -> float:
    """Milliseconds until all facts of a journal are in memory."""

    def read() -> None:
        with Journal(path, create=True) as journal:
            journal.stages(), journal.children(), journal.meta("config")

    return 1000 * _seconds(read)


def reopen_last_stage(path: Path) -> None:
    """As if the search had been killed while its last stage learned."""
    with sqlite3.connect(path) as db:
        db.execute(f"UPDATE stages SET closed_at = NULL, predictor = NULL WHERE b = {B}")


def _take_up(space: StateSpace, K: int, path: Path) -> None:
    with Journal(path, create=True) as journal:
        search(space, K, journal)


def _project(run_dir: Path) -> float:
    """Seconds to show the whole search in a store that is there already."""
    spec = MlflowSpec(uri=f"sqlite:///{run_dir}/mlflow.db")
    open_store(spec)
    return _seconds(lambda: Projection(run_dir, spec).advance("finished"))


def _store(children: Sequence[ChildRecord], path: Path) -> list[float]:
    """Milliseconds of what the loop and its observers store and read for each child: start, result, search time."""

    def store(result: ChildResult, key: str) -> None:
        journal.start_child(key, "a worker")
        journal.end_child(key, result)
        journal.child(key)
        journal.set_meta(search_seconds=1.0)

    milliseconds = []
    with Journal(path, create=True) as journal:
        journal.open_stage(
            1, [Choice(c.cell, c.key, c.seed, c.predicted) for c in children], 0, 0, 0.0
        )
        for child in children:
            result = train(ChildJob(child.cell, child.seed))
            milliseconds.append(1000 * _seconds(partial(store, result, child.key)))
    return milliseconds


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _show(what: str, values: Sequence[float], unit: str) -> None:
    low, middle, high = (
        sorted(values)[int(share * (len(values) - 1))] for share in (0.05, 0.5, 0.95)
    )
    mean = statistics.mean(values)
    print(
        f"{what}: median {middle:.2f} {unit}, mean {mean:.2f}, 5-95 %: {low:.2f}-{high:.2f} ({len(values)} times)"
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--K", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
