"""Many searches started at once on one new MLflow SQLite file: do all succeed, are all complete?

python experiments/benchmarks/concurrent_searches.py              # 8 searches of 5 children
python experiments/benchmarks/concurrent_searches.py --searches 3
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from common import RUN, command_environment, make_parser
from rich.console import Console
from rich.table import Table

from pnas.records import Journal
from pnas.tracking import MlflowSpec, open_store

TINY = (
    "state_space.operators=[3x3 maxpool,identity]",
    "state_space.input_lookback_depth=-1",
    "state_space.B=2",
    "controller.K=2",
    "child.filters=2",
    "trainer.epochs=1",
    "executor=serial",
)
RUNS_BY_LEVEL = Counter({"search": 1, "stage": 2, "child": 5})
"""What one such search is in MLflow: 3 children of one block and 2 of two."""

COLUMNS = ("search", "exit code", "status", "MLflow runs", "complete", "warnings", "seconds")


class Outcome(NamedTuple):
    """How one search ended.

    Attributes:
        code: Exit code.
        seconds: Seconds from the start of all searches to its end.
        status: Status in its summary.
        runs: Number of its MLflow runs.
        is_complete: Whether MLflow has every run of it, each finished.
        warnings: Lines that it wrote to stderr.
    """

    code: int
    seconds: float
    status: str
    runs: int
    is_complete: bool
    warnings: list[str]


def main() -> int:
    parser = make_parser(__doc__)
    parser.add_argument("--searches", type=int, default=8)
    searches = parser.parse_args().searches

    with tempfile.TemporaryDirectory() as home:
        outcomes = measure(searches, Path(home))
    show(outcomes)
    has_failed = any(outcome.code != 0 or not outcome.is_complete for outcome in outcomes)
    return int(has_failed)


def measure(searches: int, home: Path) -> list[Outcome]:
    """Run the searches, and return how each ended."""
    started = time.monotonic()
    processes = [start(index, home) for index in range(searches)]
    ended: dict[int, float] = {}
    while len(ended) < searches:
        for index, process in enumerate(processes):
            if index not in ended and process.poll() is not None:
                ended[index] = time.monotonic() - started
        time.sleep(0.1)

    outcomes = []
    for index, process in enumerate(processes):
        outcomes.append(read_outcome(home, index, process.returncode, ended[index]))
    return outcomes


def start(index: int, home: Path) -> "subprocess.Popen[str]":
    """Start search ``index``; all use the same store, which does not exist yet."""
    command = [sys.executable, str(RUN), f"name=search-{index}", f"seed={index}", *TINY]
    with (home / f"{index}.err").open("w") as errors:
        return subprocess.Popen(
            command,
            cwd=home,
            env=command_environment(),
            stdout=subprocess.DEVNULL,
            stderr=errors,
            text=True,
        )


def read_outcome(home: Path, index: int, code: int, seconds: float) -> Outcome:
    """Read what search ``index`` left in its run directory and in MLflow."""
    run_dir = home / "outputs" / f"search-{index}"
    summary = json.loads((run_dir / "summary.json").read_text())
    store = open_store(MlflowSpec(uri=f"sqlite:///{home}/mlflow.db"))
    with Journal(run_dir / "journal.sqlite") as journal:
        condition = f"tags.`pnas.search_id` = '{journal.meta('search_id')}'"

    runs = store.client.search_runs([store.experiment_id], condition)
    levels = Counter(run.data.tags["pnas.level"] for run in runs)
    statuses = {run.info.status for run in runs}
    return Outcome(
        code=code,
        seconds=seconds,
        status=summary["status"],
        runs=levels.total(),
        is_complete=levels == RUNS_BY_LEVEL and statuses == {"FINISHED"},
        warnings=(home / f"{index}.err").read_text().splitlines(),
    )


def show(outcomes: list[Outcome]) -> None:
    title = f"{len(outcomes)} searches at once on one new SQLite store"
    table = Table(title=title, title_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for index, outcome in enumerate(outcomes):
        table.add_row(
            str(index),
            str(outcome.code),
            outcome.status,
            str(outcome.runs),
            str(outcome.is_complete),
            str(len(outcome.warnings)),
            f"{outcome.seconds:.0f}",
        )

    console = Console()
    console.print(table)
    for index, outcome in enumerate(outcomes):
        for line in outcome.warnings:
            console.print(f"{index}: {line}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
