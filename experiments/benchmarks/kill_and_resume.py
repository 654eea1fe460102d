"""SIGKILL at random instants: does the same command end as if nothing had happened?

    .venv/bin/python experiments/benchmarks/kill_and_resume.py [--kills 50] [--executors serial]
        [--searches beam continued early_stop]

Each small search (real children on digits, tracked in MLflow) runs undisturbed, once. Then, for
each executor, the same command is sent again and again and killed at random instants: all its
processes, the main one alone, or - where the executor trains a lost child again - one worker alone.
When a command gets through, its search is compared with the undisturbed one and the next search
begins, until there were enough kills. Half of the instants are counted from the command, half from
its first attempt at a child; on a machine whose load changes, --children counts them by the
children that a command has trained. Exits with 1 on any difference.

A kill takes 10-30 s on two cores: three quarters of an hour for 50 kills of each of two executors.
"""

import argparse
import json
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
from functools import cached_property
from pathlib import Path
from typing import Any

from common import RUN, command_environment, make_parser, progress
from processes import workers_of
from rich.console import Console
from rich.table import Table

from pnas.execution.registry import EXECUTORS
from pnas.records import ChildRecord, Journal, Status
from pnas.records.cell_trainings import cell_key, has_ended_short, is_repeated
from pnas.records.run_directory import CONTROLLER, JOURNAL, RUNGS

SMALL = (
    "seed=1",
    "state_space.operators=[3x3 maxpool,identity]",
    "state_space.input_lookback_depth=-1",
    "child.filters=2",
    "tracking.uri=sqlite:///mlflow.db",
)
MIXED = (*SMALL, "state_space.B=2", "controller.K=2", "search=mixed")
SEARCHES = {
    # 3 children of one block, 3 of two and 3 of three.
    "beam": (*SMALL, "state_space.B=3", "controller.K=3", "trainer.epochs=1"),
    # Each rung goes on from the files in rungs/ that the one before has left.
    "continued": (
        *MIXED,
        "search.rungs=[0.25,0.5,1]",
        "search.rung_training=continued",
        "search.refine=1",
        "search.first_full=3",
        "search.confirm=0.15",
        "search.max_children=13",
        "trainer.epochs=8",
        "trainer.schedule=wsd",
    ),
    # Stages that are large enough for a rule, which stops some of their children.
    "early_stop": (
        *MIXED,
        "search.early_stop=0.3",
        "search.refine=2",
        "search.first_full=8",
        "search.confirm=0.15",
        "search.max_children=16",
        "trainer.epochs=4",
        "trainer.validate_every=1",
    ),
}
"""Arguments of the command by search."""

KINDS = EXECUTORS.own_names()
ALL = "all"
MAIN = "main"
WORKER = "worker"
VICTIMS = (ALL, MAIN, WORKER)
LONGEST = 600.0
"""Seconds after which a command hangs."""

CHILD_SECONDS = 5.0
"""Seconds within which a kill follows the end of a child, with ``--children``."""


@dataclass
class Tally:
    """What happened to the searches of one kind on one executor.

    Attributes:
        search: The kind of search.
        executor: The executor.
        kills: Kills by victim.
        searches: Searches that ended.
        children: Children in them.
        in_flight: Children that were started and had not ended at a kill.
        short: Short trainings among the children.
        stopped: Children that were stopped early.
        retrained: Finished children that were trained again.
        lost: Short trainings that were to go on and had no file at a kill.
        most_kept: Most files of short trainings at the end of a command, killed or not.
        most_kept_bytes: Most bytes in them.
        differences: What differs from the undisturbed search.
        mlflow: MLflow runs by status, and ``bad`` for each child without exactly one.
    """

    search: str
    executor: str
    kills: Counter[str] = field(default_factory=Counter)
    searches: int = 0
    children: int = 0
    short: int = 0
    stopped: int = 0
    in_flight: int = 0
    retrained: int = 0
    lost: int = 0
    most_kept: int = 0
    most_kept_bytes: int = 0
    differences: list[str] = field(default_factory=list)
    mlflow: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, repeated or changed."""
        return not (self.retrained or self.lost or self.differences or self.mlflow["bad"])

    @property
    def name(self) -> str:
        """Beginning of the names of the searches."""
        return f"{self.search}-{self.executor}"


@dataclass(frozen=True)
class Durations:
    """What an undisturbed search takes.

    Attributes:
        from_command: Seconds from its command.
        from_work: Seconds from its first attempt at a child.
    """

    from_command: float
    from_work: float


@dataclass(frozen=True)
class Outcome:
    """What must be equal, bit for bit.

    Attributes:
        children: Children by stage and place, with the metrics of all of their epochs.
        predictors: Files of every stage's predictor.
        kept: Names of the short trainings that a larger budget could continue.
    """

    children: tuple[tuple[Any, ...], ...]
    predictors: tuple[tuple[str, bytes], ...]
    kept: tuple[str, ...]


def main() -> int:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="pnas-kills-") as scratch:
        cwd = Path(scratch)
        tallies = []
        for search in arguments.searches:
            name = f"{search}-undisturbed"
            run_undisturbed(name, search, "serial", cwd)
            expected = read_outcome(cwd / "outputs" / name)
            for executor in arguments.executors:
                tally = Tally(search, executor)
                torture = Torture(tally, arguments, expected, cwd)
                tallies.append(torture.run())
    show(tallies)
    return int(not all(tally.is_clean for tally in tallies))


def run_undisturbed(name: str, search: str, executor: str, cwd: Path) -> Durations:
    """Let one search run to its end, and measure it."""
    started = time.monotonic()
    process = _start(name, search, executor, cwd)
    _wait_for_work(process, cwd / "outputs" / name / JOURNAL)
    first = time.monotonic()
    code = process.wait(LONGEST)
    if code != 0:
        raise SystemExit(f"the undisturbed search failed: {_end_of_log(name, cwd)}")
    ended = time.monotonic()
    return Durations(from_command=ended - started, from_work=ended - first)


class Torture:
    """Kills the searches of a tally and compares each one that ends."""

    def __init__(
        self, tally: Tally, arguments: argparse.Namespace, expected: Outcome, cwd: Path
    ) -> None:
        self._kills: int = arguments.kills
        self._most_children: int | None = arguments.children
        self._expected = expected
        self._cwd = cwd
        self._rng = random.Random(f"{tally.name} {arguments.seed}")
        self._tally = tally

    @cached_property
    def _durations(self) -> Durations:
        tally = self._tally
        return run_undisturbed(f"{tally.name}-measured", tally.search, tally.executor, self._cwd)

    def run(self) -> Tally:
        """Start searches until there were enough kills."""
        tally = self._tally
        while not self._has_enough_kills():
            name = f"{tally.name}-{tally.searches}"
            self._repeat_until_it_ends(name)
            self._compare(name)
            progress(f"{name}: ended after {tally.kills.total()} kills in all")
        return tally

    def _has_enough_kills(self) -> bool:
        return self._tally.kills.total() >= self._kills

    def _repeat_until_it_ends(self, name: str) -> None:
        run_dir = self._cwd / "outputs" / name
        journal = run_dir / JOURNAL
        ended: dict[str, float] = {}
        while True:
            process = _start(name, self._tally.search, self._tally.executor, self._cwd)
            self._wait_or_kill(process, journal)

            now = _ended_children(journal)
            self._tally.retrained += sum(now.get(key) != at for key, at in ended.items())
            ended = now
            self._count_kept_trainings(run_dir / RUNGS)
            if process.returncode == 0:
                return
            if process.returncode != -signal.SIGKILL:
                log = _end_of_log(name, self._cwd)
                raise SystemExit(f"{name}: exit code {process.returncode}: {log}")
            self._tally.in_flight += _count_in_flight(journal)
            self._tally.lost += _count_lost_trainings(run_dir)

    def _count_kept_trainings(self, folder: Path) -> None:
        sizes = _kept_trainings(folder).values()
        tally = self._tally
        tally.most_kept = max(tally.most_kept, len(sizes))
        tally.most_kept_bytes = max(tally.most_kept_bytes, sum(sizes))

    def _wait_or_kill(self, process: "subprocess.Popen[bytes]", journal: Path) -> None:
        try:
            instant = self._wait_to_kill(process, journal)
            process.wait(LONGEST if self._has_enough_kills() else instant)
        except subprocess.TimeoutExpired:
            victim = self._rng.choice(_possible_victims(process.pid, self._tally.executor))
            _kill(process, victim)
            self._tally.kills[victim] += 1
            if victim == WORKER:
                process.wait(LONGEST)

    def _wait_to_kill(self, process: "subprocess.Popen[bytes]", journal: Path) -> float:
        """Wait for a part of the work of a command; return the seconds until it is killed."""
        if self._most_children is not None:
            _wait_for_ends(process, journal, self._rng.randint(0, self._most_children))
            return self._rng.uniform(0, CHILD_SECONDS)
        duration = self._durations.from_command
        if self._rng.random() < 0.5:
            _wait_for_work(process, journal)
            duration = self._durations.from_work
        # The whole duration and a little more: beginning, middle, end, sometimes not at all.
        return self._rng.uniform(0, 1.1 * duration)

    def _compare(self, name: str) -> None:
        run_dir = self._cwd / "outputs" / name
        found = read_outcome(run_dir)
        tally = self._tally
        tally.searches += 1
        tally.children += len(found.children)
        ended = _read_children(run_dir / JOURNAL)
        tally.short += sum(has_ended_short(child) for child in ended)
        tally.stopped += sum(child.status is Status.STOPPED for child in ended)
        if found.children != self._expected.children:
            differing = _first_difference(self._expected.children, found.children)
            tally.differences.append(f"{name}: {differing}")
        if found.predictors != self._expected.predictors:
            tally.differences.append(f"{name}: predictors")
        if found.kept != self._expected.kept:
            tally.differences.append(f"{name}: kept trainings")
        tally.mlflow += count_mlflow_runs(self._cwd, run_dir)


def _first_difference(expected: Sequence[tuple[Any, ...]], found: Sequence[tuple[Any, ...]]) -> str:
    """Name the first child that differs, as it was expected and as it was found."""
    for one, other in zip(expected, found, strict=False):
        if one != other:
            return f"expected {one}, found {other}"
    return f"{len(found)} children in place of {len(expected)}"


# -- processes -------------------------------------------------------------------------------------


def _start(name: str, search: str, executor: str, cwd: Path) -> "subprocess.Popen[bytes]":
    """Start the command in a process group of its own."""
    arguments = (f"name={name}", f"executor={executor}", *SEARCHES[search])
    command = [sys.executable, str(RUN), *arguments]
    with (cwd / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=command_environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _end_of_log(name: str, cwd: Path) -> str:
    return (cwd / f"{name}.log").read_text()[-2000:]


def _wait_for_work(process: "subprocess.Popen[bytes]", journal: Path) -> None:
    """Wait until the command has started an attempt at a child, or has ended."""
    before = _count_attempts(journal)
    while process.poll() is None and _count_attempts(journal) == before:
        time.sleep(0.2)


def _wait_for_ends(process: "subprocess.Popen[bytes]", journal: Path, count: int) -> None:
    """Wait until ``count`` further children have ended, or the command has."""
    before = len(_ended_children(journal))
    while process.poll() is None and len(_ended_children(journal)) < before + count:
        time.sleep(0.2)


def _possible_victims(pid: int, executor: str) -> list[str]:
    if executor == "serial" or not workers_of(pid):
        return [ALL, MAIN]
    # A worker is not always there: half of the kills are its when it is.
    return [ALL, MAIN, WORKER, WORKER]


def _kill(process: "subprocess.Popen[bytes]", victim: str) -> None:
    if victim == WORKER:
        workers = workers_of(process.pid) or [process.pid]
        with suppress(ProcessLookupError):  # it ended by itself
            os.kill(random.choice(workers), signal.SIGKILL)
        return
    if victim == ALL:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        os.kill(process.pid, signal.SIGKILL)
    process.wait(60)


# -- what a search left ----------------------------------------------------------------------------


def _read_children(journal: Path) -> list[ChildRecord]:
    if not journal.is_file():
        return []
    with Journal(journal) as reader:
        return reader.children()


def _count_attempts(journal: Path) -> int:
    return sum(child.starts for child in _read_children(journal))


def _ended_children(journal: Path) -> dict[str, float]:
    """Return when each finished child ended, by its key."""
    ended = {}
    for child in _read_children(journal):
        if child.ended_at is not None:
            ended[child.key] = child.ended_at
    return ended


def _count_in_flight(journal: Path) -> int:
    return sum(child.starts > 0 and child.ended_at is None for child in _read_children(journal))


def _kept_trainings(folder: Path) -> dict[str, int]:
    """Return the size of each file in ``folder``, which others may empty meanwhile."""
    sizes = {}
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                sizes[path.name] = path.stat().st_size
    return sizes


def _count_lost_trainings(run_dir: Path) -> int:
    """Count the cells that are to go on from a short training which has no file."""
    children = _read_children(run_dir / JOURNAL)
    kept = _kept_trainings(run_dir / RUNGS)
    if not children or not (run_dir / RUNGS).is_dir():
        return 0
    last = max(child.b for child in children)
    begun = {cell_key(child.key) for child in children if has_ended_short(child)}

    lost = 0
    for child in children:
        key = cell_key(child.key)
        goes_on = has_ended_short(child) or child.ended_at is None
        if child.b == last and goes_on and key in begun and not is_repeated(child):
            lost += f"{key}.npz" not in kept
    return lost


def read_outcome(run_dir: Path) -> Outcome:
    """Return what a finished search in ``run_dir`` found."""
    children = []
    for child in _read_children(run_dir / JOURNAL):
        place = (child.b, child.position, str(child.cell), child.seed)
        metrics = json.dumps(child.metrics, sort_keys=True)
        children.append((*place, child.reward, child.predicted, child.status, metrics))

    predictors = []
    for path in sorted((run_dir / CONTROLLER).glob("*/*")):
        predictors.append((f"{path.parent.name}/{path.name}", path.read_bytes()))
    kept = tuple(sorted(_kept_trainings(run_dir / RUNGS)))
    return Outcome(tuple(children), tuple(predictors), kept)


def count_mlflow_runs(cwd: Path, run_dir: Path) -> Counter[str]:
    """Count the search's runs in the store by status, and ``bad`` ones.

    A run is bad if it still runs or has a double; a child that ended, if it has not exactly one.
    """
    from mlflow import MlflowClient

    with Journal(run_dir / JOURNAL) as journal:
        search_id = journal.meta("search_id")
        children = journal.children()
    client = MlflowClient(f"sqlite:///{cwd}/mlflow.db")
    experiment = client.get_experiment_by_name("pnas")
    assert experiment is not None, "the search was tracked"
    condition = f"tags.`pnas.search_id` = '{search_id}'"
    runs = client.search_runs([experiment.experiment_id], condition, max_results=1000)

    tally = Counter(run.info.status for run in runs)
    runs_of_key = Counter(run.data.tags["pnas.key"] for run in runs)
    for child in children:
        # A budget may leave children untrained, which are not shown.
        has_ended = child.ended_at is not None
        tally["bad"] += has_ended and runs_of_key[child.key] != 1
    for run in runs:
        is_double = runs_of_key[run.data.tags["pnas.key"]] != 1
        tally["bad"] += is_double or run.info.status == "RUNNING"
    return tally


# -- report ----------------------------------------------------------------------------------------


def show(tallies: Sequence[Tally]) -> None:
    columns = [_format_tally(tally) for tally in tallies]
    table = Table(title="SIGKILL at random instants of small searches")
    table.add_column("")
    for _ in columns:
        table.add_column(justify="right")
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    Console(width=120).print(table)


def _format_tally(tally: Tally) -> dict[str, str]:
    kills_by_victim = [str(tally.kills[victim]) for victim in VICTIMS]
    runs = f"{tally.mlflow['FINISHED']} / {tally.mlflow['RUNNING']}"
    return {
        "search": tally.search,
        "executor": tally.executor,
        "kills": str(tally.kills.total()),
        "of all processes / the main one / a worker": " / ".join(kills_by_victim),
        "searches completed": str(tally.searches),
        "children in them": str(tally.children),
        "of these short / stopped early": f"{tally.short} / {tally.stopped}",
        "handed out and not ended at a kill": str(tally.in_flight),
        "finished children trained again": str(tally.retrained),
        "short trainings lost": str(tally.lost),
        "short trainings kept at most": f"{tally.most_kept}, {tally.most_kept_bytes / 1e3:.0f} kB",
        "differing from undisturbed": ", ".join(tally.differences) or "none",
        "MLflow runs FINISHED / RUNNING": runs,
        "children without exactly one run": str(tally.mlflow["bad"]),
    }


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--kills", type=int, default=50, help="kills of each search and executor")
    parser.add_argument("--executors", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--searches", nargs="+", choices=SEARCHES, default=["beam"])
    by_children = "kill each command soon after so many of its children at most, at whatever time"
    parser.add_argument("--children", type=int, help=by_children)
    parser.add_argument("--seed", type=int, default=0, help="seed of the instants and victims")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
