"""Many searches started at the same moment on one fresh MLflow SQLite file: do all succeed, are all complete?

python experiments/benchmarks/concurrent_searches.py              # 8 searches of 5 children each
python experiments/benchmarks/concurrent_searches.py --searches 3
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pnas.records import Journal
from pnas.tracking import MlflowSpec, open_store

RUN = Path(__file__).resolve().parents[2] / "run.py"
TINY = (
    "state_space.operators=[3x3 maxpool,identity]",
    "state_space.input_lookback_depth=-1",
    "state_space.B=2",
    "controller.K=2",
    "controller.hidden=8",
    "child.filters=2",
    "trainer.epochs=1",
    "executor=serial",
)
RUNS = Counter({"search": 1, "stage": 2, "child": 5})
"""What one such search is in MLflow: 3 children of one block and 2 of two."""


def start(index: int, home: Path) -> "subprocess.Popen[str]":
    """Start search ``index``; all wait for the same store, which does not exist yet."""
    command = [sys.executable, str(RUN), f"name=search-{index}", f"seed={index}", *TINY]
    with (home / f"{index}.err").open("w") as errors:
        return subprocess.Popen(
            command,
            cwd=home,
            env={**os.environ},
            stdout=subprocess.DEVNULL,
            stderr=errors,
            text=True,
        )


def look_up(home: Path, index: int) -> dict[str, Any]:
    """What search ``index`` left in its run directory and in MLflow."""
    summary = json.loads((home / "outputs" / f"search-{index}" / "summary.json").read_text())
    store = open_store(MlflowSpec(uri=f"sqlite:///{home}/mlflow.db"))
    with Journal(home / "outputs" / f"search-{index}" / "journal.sqlite") as journal:
        condition = f"tags.`pnas.search_id` = '{journal.meta('search_id')}'"
    runs = store.client.search_runs([store.experiment_id], condition)
    levels = Counter(run.data.tags["pnas.level"] for run in runs)
    return {
        "status": summary["status"],
        "runs": sum(levels.values()),
        "complete": levels == RUNS and {run.info.status for run in runs} == {"FINISHED"},
        "warnings": (home / f"{index}.err").read_text().splitlines(),
    }


def measure(searches: int, home: Path) -> list[dict[str, Any]]:
    """Run the searches and say of each how it ended."""
    started = time.monotonic()
    processes = [start(index, home) for index in range(searches)]
    ended: dict[int, float] = {}
    while len(ended) < searches:
        for index, process in enumerate(processes):
            if index not in ended and process.poll() is not None:
                ended[index] = time.monotonic() - started
        time.sleep(0.1)
    codes = [process.returncode for process in processes]
    return [{"code": codes[i], "seconds": ended[i], **look_up(home, i)} for i in range(searches)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--searches", type=int, default=8)
    with tempfile.TemporaryDirectory() as home:
        rows = measure(parser.parse_args().searches, Path(home))
    table = Table(
        title=f"{len(rows)} searches at once on one fresh SQLite store", title_justify="left"
    )
    for name in ("search", "exit code", "status", "MLflow runs", "complete", "warnings", "seconds"):
        table.add_column(name, justify="right")
    for index, row in enumerate(rows):
        cells = (
            index,
            row["code"],
            row["status"],
            row["runs"],
            row["complete"],
            len(row["warnings"]),
        )
        table.add_row(*map(str, cells), f"{row['seconds']:.0f}")
    console = Console()
    console.print(table)
    for index, row in enumerate(rows):
        for line in row["warnings"]:
            console.print(f"{index}: {line}", markup=False, soft_wrap=True)
    return 0 if all(row["code"] == 0 and row["complete"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
