"""What journal and MLflow cost: size, time to resume, and what they add to each child.

    .venv/bin/python experiments/benchmarks/journal_cost.py [--K 256] [--repeats 5]

The paper's search (B=5, K=256, eight operators: 1,160 children) with children that train in no
time, through the real loop, strategy, predictor and journal, in a temporary directory on this
machine's disk. Takes a few minutes.
"""

import hashlib
import sqlite3
import statistics
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from common import make_parser, print_machine, wall_seconds

from pnas.execution import Runner, SerialExecutor
from pnas.predictors import ControllerSpec
from pnas.records import ChildJob, ChildRecord, ChildResult, Choice, Journal, Status
from pnas.records.run_directory import JOURNAL
from pnas.runs.child_identity import identify
from pnas.search import ProgressiveSpec, SearchLoop, StrategyContext, make_strategy
from pnas.search.training_setup import TrainingSetup
from pnas.state_space import StateSpace
from pnas.tracking import MlflowSpec, Projection, open_store

B = 5
EPOCHS = 20
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--K", type=int, default=256, help="children of each stage but the first")
    parser.add_argument("--repeats", type=int, default=5, help="times that the journal is read")
    arguments = parser.parse_args()

    K = arguments.K
    space = StateSpace(B)
    with tempfile.TemporaryDirectory(prefix="pnas-journal-") as scratch:
        run_dir = Path(scratch)
        path = run_dir / JOURNAL
        with Journal(path, create=True) as journal:
            journal.set_meta(search_id="cost", name="cost", config={"K": K})
            seconds = wall_seconds(lambda: search(space, K, journal))
            children = journal.children()
        size = path.stat().st_size
        tracking = seconds_to_track(run_dir)
        reads = [1000 * wall_seconds(lambda: read_all(path)) for _ in range(arguments.repeats)]
        reopen_last_stage(path)
        resuming = wall_seconds(lambda: resume(space, K, path))
        storing = milliseconds_to_store(children, run_dir / "again.sqlite")

    count = len(children)
    print(f"search of {count:,} children in no time each: {seconds:.0f} s")
    bytes_a_child = f"{size / count:.0f} bytes a child with {EPOCHS} epochs"
    print(f"journal: {size / 2**20:.2f} MiB, {bytes_a_child}")
    show("open, check and read all of it", reads)
    fits = f"predictor refitted on {count:,} children twice"
    print(f"resume the search at its last stage ({fits}): {resuming:.1f} s")
    show("journal per child (three FULL synchronous commits, one read)", storing)
    milliseconds = 1000 * tracking / count
    print(
        f"MLflow per child, by the tracker's thread into SQLite: {milliseconds:.1f} ms on average"
    )
    print_machine("tensorflow", "numpy", "mlflow")


def train(job: ChildJob) -> ChildResult:
    """Return a result as large as a real one's, which depends on the cell alone."""
    digest = hashlib.sha256(str(job.cell).encode()).hexdigest()
    reward = int(digest[:8], 16) / 2**32
    curve = [reward / (epoch + 3) for epoch in range(EPOCHS)]
    return ChildResult(
        cell=job.cell,
        seed=job.seed,
        status=Status.OK,
        reward=reward,
        metrics=dict.fromkeys(METRICS, curve),
        params=123_456,
        flops=12_345_678,
        seconds=100.0,
    )


def make_runner() -> Runner:
    return train


def search(space: StateSpace, K: int, journal: Journal) -> None:
    context = StrategyContext(ProgressiveSpec(), space, ControllerSpec(K=K), seed=0)
    loop = SearchLoop(
        make_strategy=partial(make_strategy, context),
        training=TrainingSetup(SerialExecutor(make_runner)),
        journal=journal,
        identify=partial(identify, space, 0),
    )
    loop.run()


def resume(space: StateSpace, K: int, path: Path) -> None:
    with Journal(path, create=True) as journal:
        search(space, K, journal)


def read_all(path: Path) -> None:
    """Read all facts of a journal into memory."""
    with Journal(path, create=True) as journal:
        journal.stages()
        journal.children()
        journal.meta("config")


def reopen_last_stage(path: Path) -> None:
    """Leave the journal as if the search had been killed while its last stage learned."""
    with sqlite3.connect(path) as db:
        db.execute(f"UPDATE stages SET closed_at = NULL, predictor = NULL WHERE b = {B}")


def seconds_to_track(run_dir: Path) -> float:
    """Return the seconds to write the whole search into a store that is there already."""
    spec = MlflowSpec(uri=f"sqlite:///{run_dir}/mlflow.db")
    open_store(spec)
    return wall_seconds(lambda: Projection(run_dir, spec).advance("finished"))


def milliseconds_to_store(children: Sequence[ChildRecord], path: Path) -> list[float]:
    """Return what the loop and its observers store and read for each child: start, result, time."""

    def store(result: ChildResult, key: str) -> None:
        journal.start_child(key, "a worker")
        journal.end_child(key, result)
        journal.child(key)
        journal.set_meta(search_seconds=1.0)

    choices = [Choice(c.cell, c.key, c.seed, c.predicted) for c in children]
    milliseconds = []
    with Journal(path, create=True) as journal:
        journal.open_stage(1, choices, 0, 0, 0.0)
        for child in children:
            result = train(ChildJob(child.cell, child.seed))
            milliseconds.append(1000 * wall_seconds(partial(store, result, child.key)))
    return milliseconds


def show(what: str, milliseconds: Sequence[float]) -> None:
    """Print median, mean, and the middle 90 %."""
    ordered = sorted(milliseconds)
    last = len(ordered) - 1
    low = ordered[int(0.05 * last)]
    middle = ordered[int(0.5 * last)]
    high = ordered[int(0.95 * last)]
    mean = statistics.mean(ordered)
    interval = f"5-95 %: {low:.2f}-{high:.2f} ({len(ordered)} times)"
    print(f"{what}: median {middle:.2f} ms, mean {mean:.2f}, {interval}")


if __name__ == "__main__":
    main()
