"""SIGKILL at random instants: does the same command end as if nothing had happened?

    .venv/bin/python experiments/benchmarks/kill_and_resume.py [--kills 50] [--executors serial local] [--seed 0]

One small search (real children on digits, tracked in MLflow) runs undisturbed, once. Then, for each executor, the
same command is sent again and again and killed at random instants: all its processes, the main one alone, or - where
the executor trains a lost child again - one worker alone. When a command gets through, its search is compared with
the undisturbed one and the next search begins, until there were enough kills. Half of the instants are counted from
the command, half from its first attempt at a child. Exits with 1 on any difference.

A kill takes 10-30 s on two cores: three quarters of an hour for 50 kills of each of two executors.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processes import workers_of
from rich.console import Console
from rich.table import Table

from pnas.execution.executor_specs import KINDS
from pnas.records import ChildRecord, Journal
from pnas.records.run_directory import CONTROLLER, JOURNAL

ROOT = Path(__file__).parents[2]
SEARCH = (
    "seed=1",
    "state_space.operators=[3x3 maxpool,identity]",
    "state_space.input_lookback_depth=-1",
    "state_space.B=3",
    "controller.K=3",
    "controller.hidden=8",
    "child.filters=2",
    "trainer.epochs=1",
    "tracking.uri=sqlite:///mlflow.db",
)
"""3 children of one block, 3 of two and 3 of three."""

VICTIMS = ("all", "main", "worker")


@dataclass
class Tally:
    """What happened to one executor's searches."""

    executor: str
    kills: Counter[str] = field(default_factory=Counter)
    searches: int = 0
    children: int = 0
    in_flight: int = 0
    retrained: int = 0
    differences: list[str] = field(default_factory=list)
    mlflow: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Seconds:
    """What an undisturbed search takes: from its command, and from its first attempt at a child."""

    from_command: float
    from_work: float


@dataclass(frozen=True)
class Outcome:
    """What must be equal: children by stage and place, and every stage's predictor, bit for bit."""

    children: tuple[tuple[Any, ...], ...]
    predictors: tuple[tuple[str, bytes], ...]


def main() -> int:
    arguments = _parse()
    with tempfile.TemporaryDirectory(prefix="pnas-kills-") as scratch:
        cwd = Path(scratch)
        undisturbed("undisturbed", "serial", cwd)
        expected = outcome(cwd / "outputs" / "undisturbed")
        tallies = [
            torture(kind, arguments.kills, expected, cwd, arguments.seed)
            for kind in arguments.executors
        ]
    _print(tallies)
    return int(
        any(tally.retrained or tally.differences or tally.mlflow["bad"] for tally in tallies)
    )


def undisturbed(name: str, executor: str, cwd: Path) -> Seconds:
    """Let one search run to its end, and measure it."""
    started = time.monotonic()
    process = _start(name, executor, cwd)
    _wait_for_work(process, cwd / "outputs" / name / JOURNAL)
    first = time.monotonic()
    if process.wait(600) != 0:
        raise SystemExit(
            "the undisturbed search failed: " + (cwd / f"{name}.log").read_text()[-2000:]
        )
    return Seconds(time.monotonic() - started, time.monotonic() - first)


def torture(executor: str, kills: int, expected: Outcome, cwd: Path, seed: int) -> Tally:
    """Kill searches of ``executor`` ``kills`` times; compare each one that ends."""
    tally = Tally(executor)
    rng = random.Random(f"{executor} {seed}")
    seconds = undisturbed(f"{executor}-measured", executor, cwd)
    while tally.kills.total() < kills:
        name = f"{executor}-{tally.searches}"
        _until_it_ends(name, tally, kills, seconds, rng, cwd)
        found = outcome(cwd / "outputs" / name)
        tally.searches += 1
        tally.children += len(found.children)
        if found.children != expected.children:
            tally.differences.append(f"{name}: children")
        if found.predictors != expected.predictors:
            tally.differences.append(f"{name}: predictors")
        tally.mlflow += _mlflow(cwd, cwd / "outputs" / name)
        print(
            f"{name}: ended after {tally.kills.total()} kills in all", file=sys.stderr, flush=True
        )
    return tally


def _until_it_ends(
    name: str, tally: Tally, kills: int, seconds: Seconds, rng: random.Random, cwd: Path
) -> None:
    journal = cwd / "outputs" / name / JOURNAL
    ended: dict[str, float] = {}
    while True:
        process = _start(name, tally.executor, cwd)
        try:
            until = seconds.from_command
            if rng.random() < 0.5:
                _wait_for_work(process, journal)
                until = seconds.from_work
            # The whole duration and a little more: beginning, middle, end, and sometimes not at all.
            process.wait(rng.uniform(0, 1.1 * until) if tally.kills.total() < kills else 600)
        except subprocess.TimeoutExpired:
            victim = rng.choice(_victims(process.pid, tally.executor))
            _kill(process, victim)
            tally.kills[victim] += 1
            if victim == "worker":
                process.wait(600)
        now = _ended(journal)
        tally.retrained += sum(now.get(key) != at for key, at in ended.items())
        ended = now
        if process.returncode == 0:
            return
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(
                f"{name}: exit code {process.returncode}: {(cwd / f'{name}.log').read_text()[-2000:]}"
            )
        tally.in_flight += _handed_out(journal)


def _wait_for_work(process: "subprocess.Popen[bytes]", journal: Path) -> None:
    """Until the command has started an attempt at a child, or has ended."""
    before = sum(child.starts for child in _records(journal))
    while process.poll() is None and sum(child.starts for child in _records(journal)) == before:
        time.sleep(0.2)


def _start(name: str, executor: str, cwd: Path) -> "subprocess.Popen[bytes]":
    """The command, in a process group of its own."""
    command = [
        sys.executable,
        str(ROOT / "run.py"),
        f"name={name}",
        f"executor={executor}",
        *SEARCH,
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (cwd / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def _victims(pid: int, executor: str) -> list[str]:
    if executor == "serial" or not workers_of(pid):
        return list(VICTIMS[:2])
    return [*VICTIMS, "worker"]  # the one that is not always there, half of the time


def _kill(process: "subprocess.Popen[bytes]", victim: str) -> None:
    if victim == "worker":
        with suppress(ProcessLookupError):  # it ended by itself
            os.kill(random.choice(workers_of(process.pid) or [process.pid]), signal.SIGKILL)
        return
    if victim == "all":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        os.kill(process.pid, signal.SIGKILL)
    process.wait(60)


def _records(journal: Path) -> list[ChildRecord]:
    if not journal.is_file():
        return []
    with Journal(journal) as reader:
        return reader.children()


def _ended(journal: Path) -> dict[str, float]:
    return {child.key: child.ended_at for child in _records(journal) if child.ended_at is not None}


def _handed_out(journal: Path) -> int:
    return sum(child.starts > 0 and child.ended_at is None for child in _records(journal))


def outcome(run_dir: Path) -> Outcome:
    """What a finished search in ``run_dir`` found."""
    children = tuple(
        (
            child.b,
            child.position,
            str(child.cell),
            child.reward,
            child.predicted,
            child.seed,
            child.status,
        )
        for child in _records(run_dir / JOURNAL)
    )
    files = sorted((run_dir / CONTROLLER).glob("*/*"))
    return Outcome(
        children, tuple((f"{path.parent.name}/{path.name}", path.read_bytes()) for path in files)
    )


def _mlflow(cwd: Path, run_dir: Path) -> Counter[str]:
    """Runs of the search in the store: by status, and ``bad`` for each child without exactly one."""
    from mlflow import MlflowClient

    with Journal(run_dir / JOURNAL) as journal:
        search_id = journal.meta("search_id")
        children = journal.children()
    client = MlflowClient(f"sqlite:///{cwd}/mlflow.db")
    experiment = client.get_experiment_by_name("pnas")
    assert experiment is not None, "the search was tracked"
    runs = client.search_runs(
        [experiment.experiment_id], f"tags.`pnas.search_id` = '{search_id}'", max_results=1000
    )
    keys = Counter(run.data.tags["pnas.key"] for run in runs)
    tally = Counter(run.info.status for run in runs)
    tally["bad"] = sum(keys[child.key] != 1 for child in children) + sum(
        run.info.status == "RUNNING" or keys[run.data.tags["pnas.key"]] != 1 for run in runs
    )
    return tally


def _print(tallies: Sequence[Tally]) -> None:
    table = Table(title="SIGKILL at random instants of a search of 9 children")
    rows = {
        "executor": lambda t: t.executor,
        "kills": lambda t: str(t.kills.total()),
        "of all processes / the main one / a worker": lambda t: " / ".join(str(t.kills[victim]) for victim in VICTIMS),
        "searches completed": lambda t: str(t.searches),
        "children in them": lambda t: str(t.children),
        "handed out and not ended at a kill": lambda t: str(t.in_flight),
        "finished children trained again": lambda t: str(t.retrained),
        "differing from undisturbed": lambda t: ", ".join(t.differences) or "none",
        "MLflow runs FINISHED / RUNNING": lambda t: f"{t.mlflow['FINISHED']} / {t.mlflow['RUNNING']}",
        "children without exactly one run": lambda t: str(t.mlflow["bad"]),
    }  # fmt: skip
    table.add_column("")
    for _ in tallies:
        table.add_column(justify="right")
    for name, value in rows.items():
        table.add_row(name, *map(value, tallies))
    Console(width=120).print(table)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="for each executor")
    parser.add_argument("--executors", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0, help="of the instants and victims")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
