"""SIGKILL at every step of every command: does the same command end as if nothing had happened?

    .venv/bin/python experiments/benchmarks/kill_at_every_step.py [--kills 30] [--scenarios train]

A step is a file opened for writing, moved or removed below the working directory, or a fact stored
in the journal (before and after): what a kill can come between. Each scenario runs undisturbed
once, which counts its steps. As many of them as there are kills, evenly spaced, are then met: a
command is killed at one, the same command at another, up to five times, and then it may end. What
it leaves is compared with the undisturbed one: children and rewards, files derived from them, and
how often each child was trained. Exits with 1 on any difference.

Commands run in forks of one process that has imported everything, so that a kill costs no imports.
The jobs of a multirun are processes of their own; they are killed with their launcher, at instants.

Thirty kills take a minute by table, and three to five minutes where children are trained.
"""

import csv
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from common import RUN, command_environment, make_parser, progress
from rich.console import Console
from rich.table import Table

from pnas.objectives import LATENCY
from pnas.records import Journal, Status
from pnas.state_space import StateSpace
from pnas.tables import Row, write_table
from pnas.tables.learning_curves import Curve
from pnas.tables.reward_table import ShortTraining

SPACE = (
    "state_space.operators=[3x3 maxpool,identity]",
    "state_space.input_lookback_depth=-1",
    "state_space.B=2",
    "controller.K=2",
    "tracking=none",
    "seed=1",
)
TRAINED = (*SPACE, "child.filters=2", "trainer.epochs=1", "name=run", "search=progressive")
BY_TABLE = (*SPACE, "executor=serial", "trainer=tabular", "trainer.table=table.yaml", "name=run")
FEW = ("search=random", "search.max_children=6", "search.confirm=0")
RUNGS = (
    "search=mixed",
    "search.rungs=[0.25,1]",
    "search.first_full=6",
    "search.refine=2",
)
STOPPED_BY_TABLE = (
    "search=mixed",
    "search.early_stop=0.3",
    "search.first_full=8",
    "search.refine=2",
    "search.confirm=0.2",
    "search.max_children=20",
)
STOPPED = (*STOPPED_BY_TABLE, "trainer.epochs=4", "trainer.validate_every=1")
CONFIRMED = ("search=random", "search.max_children=18", "search.confirm=0.65")
"""What `FEW` goes on to: of 18 trainings, 12 are for confirming its cells."""

MOST_COMMANDS = 4
"""Commands after a kill, in which an orphan may still hold the run directory."""

KEPT_TRAININGS = "outputs/run/rungs"

KILLS_OF_A_SEARCH = 5

LONGEST = 300.0
"""Seconds after which a command hangs."""

WRITES = (
    "set_meta",
    "note",
    "open_stage",
    "extend_stage",
    "close_stage",
    "start_child",
    "end_child",
    "set_metrics",
)
MOVES = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink"})


@dataclass(frozen=True)
class Scenario:
    """A kind of command.

    Attributes:
        command: Arguments of the command.
        files: Files that it must leave, below the working directory.
        rows: CSV file of children, below the working directory; None if it leaves none.
        before: Arguments of commands that come first.
        journal: Journal that says how often each child was trained; None if there is none.
        has_neighbour: Whether a second search runs to its end beside the killed one.
    """

    command: tuple[str, ...]
    files: tuple[str, ...]
    rows: str | None = "outputs/run/children.csv"
    before: tuple[tuple[str, ...], ...] = ()
    journal: str | None = "outputs/run/journal.sqlite"
    has_neighbour: bool = False


_OF_A_SEARCH = tuple(
    f"outputs/run/{name}"
    for name in (
        "summary.json",
        "children.csv",
        "config.yaml",
        "report.html",
        "search.png",
        "best_cell.svg",
    )
)
_TRAINING = (
    "task=train",
    "trainer=final_quick",
    "trainer.epochs=2",
    "trainer.batchsize=64",
    "child.filters=2",
    "cell=(-1, identity, -1, 3x3 maxpool)",
    "data.train_size=128",
    "tracking=none",
    "seed=1",
    "name=training",
)

SCENARIOS = {
    "search by table": Scenario((*BY_TABLE, "search=progressive"), _OF_A_SEARCH),
    "refined by table": Scenario(
        (*BY_TABLE, "search=refined", "search.max_children=6"), _OF_A_SEARCH
    ),
    "asynchronous by table": Scenario(
        (
            *BY_TABLE,
            "search=mixed",
            "search.asynchronous=true",
            "search.first_full=2",
            "search.refine=2",
            "search.max_children=12",
        ),
        _OF_A_SEARCH,
    ),
    "confirmation by table": Scenario(
        (*BY_TABLE, *CONFIRMED), _OF_A_SEARCH, before=((*BY_TABLE, *FEW),)
    ),
    "confirmation, local": Scenario(
        (
            *TRAINED,
            "search=random",
            "search.max_children=12",
            "search.confirm=0.6",
            "executor=local",
            "executor.workers=2",
        ),
        _OF_A_SEARCH,
    ),
    "front by table": Scenario(
        (
            *BY_TABLE,
            "search=mixed",
            "search.objectives=[reward, params]",
            "search.first_full=6",
            "search.refine=3",
            "search.max_children=24",
            "search.confirm=0.3",
        ),
        _OF_A_SEARCH,
    ),
    "front, measured": Scenario(
        (
            *TRAINED,
            "executor=serial",
            # Counted, so that two searches choose the same cells.
            "search.objectives=[reward, memory_mb]",
            # Measured, of every cell, but never broken.
            "search.constraints.latency_ms=1e9",
            "search.max_children=8",
        ),
        _OF_A_SEARCH,
    ),
    "rungs by table": Scenario((*BY_TABLE, *RUNGS, "search.max_children=12"), _OF_A_SEARCH),
    "rungs, local": Scenario(
        (
            *TRAINED,
            *RUNGS,
            "trainer.epochs=4",
            "search.max_children=11",
            "executor=local",
            "executor.workers=2",
        ),
        _OF_A_SEARCH,
    ),
    "rungs continued, serial": Scenario(
        (
            *TRAINED,
            *RUNGS,
            "search.rungs=[0.5,1]",
            "search.rung_training=continued",
            "search.confirm=0.2",
            "trainer.epochs=4",
            "trainer.schedule=wsd",
            "search.max_children=14",
            "executor=serial",
        ),
        _OF_A_SEARCH,
    ),
    "early stop by table": Scenario((*BY_TABLE, *STOPPED_BY_TABLE), _OF_A_SEARCH),
    "early stop, serial": Scenario((*TRAINED, *STOPPED, "executor=serial"), _OF_A_SEARCH),
    "early stop, local": Scenario(
        (*TRAINED, *STOPPED, "executor=local", "executor.workers=2"), _OF_A_SEARCH
    ),
    "search, serial": Scenario((*TRAINED, "executor=serial"), _OF_A_SEARCH),
    "search, local": Scenario((*TRAINED, "executor=local", "executor.workers=2"), _OF_A_SEARCH),
    "tabulate": Scenario(
        (*TRAINED, "executor=serial", "task=tabulate", "task.cells=4", "task.repeats=2"),
        (
            "outputs/run/table.yaml",
            "outputs/run/table.csv.gz",
            "outputs/run/table.curves.npz",
            "outputs/run/summary.json",
        ),
    ),
    "train": Scenario(
        _TRAINING,
        ("outputs/training/training.json", "outputs/training/config.yaml"),
        rows=None,
        journal="outputs/training/journal.sqlite",
    ),
    "export": Scenario(
        (
            "task=export",
            "from=outputs/training",
            "name=e",
            "task.formats=[keras]",
            "tracking=none",
        ),
        ("outputs/training/export/model.json", "outputs/training/export/model_card.md"),
        rows=None,
        before=(_TRAINING,),
        journal=None,
    ),
    "shared cache": Scenario(
        (*TRAINED, "executor=serial", "cache.path=cache.sqlite"), _OF_A_SEARCH
    ),
}
MULTIRUN = "multirun, joblib"

Facts = dict[str, Any]
"""What must not be found out twice, by the key of a child."""


@dataclass
class Tally:
    """What happened in one scenario.

    Attributes:
        name: The scenario.
        steps: Steps of the undisturbed command.
        kills: Commands that were killed.
        commands: Commands that were sent after a kill.
        retrained: Ended children that were trained again, or measured cells measured again.
        differences: What differs from the undisturbed command.
        seconds: Time of all of it.
    """

    name: str
    steps: int = 0
    kills: int = 0
    commands: int = 0
    retrained: int = 0
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0


def main() -> int:
    parser = make_parser(__doc__)
    names = [*SCENARIOS, MULTIRUN]
    parser.add_argument("--kills", type=int, default=30, help="kills a scenario")
    parser.add_argument("--scenarios", nargs="+", choices=names, default=names)
    parser.add_argument("--seed", type=int, default=0, help="of the steps that are killed at")
    arguments = parser.parse_args()
    _import_everything()

    tallies = []
    with tempfile.TemporaryDirectory(prefix="pnas-steps-") as scratch:
        for name in arguments.scenarios:
            started = time.monotonic()
            rng = random.Random(f"{name} {arguments.seed}")
            torture = _torture_multirun if name == MULTIRUN else _torture
            tally = torture(name, arguments.kills, Path(scratch), rng)
            tally.seconds = time.monotonic() - started
            progress(
                f"{name}: {tally.steps} steps, {tally.kills} kills, {tally.commands} commands, "
                f"{tally.retrained} retrained, {tally.differences}, {tally.seconds:.0f} s"
            )
            tallies.append(tally)
    show(tallies)
    return int(any(tally.differences or tally.retrained for tally in tallies))


def _import_everything() -> None:
    """Import once what each command needs; nothing of TensorFlow runs before a fork."""
    import keras
    import tensorflow

    from pnas.command import main as command

    del keras, tensorflow
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        os.chdir(folder)
        _write_table(Path(folder))
        sys.argv = [str(RUN), *BY_TABLE]
        # What a first command imports and composes is then there for every fork.
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            command()
        os.chdir(before)


# -- commands that die at a step -------------------------------------------------------------------


def run_forked(arguments: Sequence[str], cwd: Path, kill_at: int | None = None) -> tuple[int, int]:
    """Run a command in a fork of this process.

    Args:
        arguments: Arguments of the command.
        cwd: Its working directory.
        kill_at: Number of the step that SIGKILL comes at, from 1; None for none.

    Returns:
        Its exit code, negative for a signal, and the number of its steps.
    """
    counter = cwd / ".steps"
    process = os.fork()
    if process == 0:
        _run_and_exit(arguments, cwd, kill_at, counter)
    code = _wait(process)
    steps = int(counter.read_text()) if counter.exists() else 0
    counter.unlink(missing_ok=True)
    return code, steps


def _run_and_exit(
    arguments: Sequence[str], cwd: Path, kill_at: int | None, counter: Path
) -> NoReturn:
    code = 99
    try:
        os.setpgid(0, 0)
        os.chdir(cwd)
        log = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        from pnas.command import main as command

        steps = _Steps(kill_at, str(cwd))
        steps.watch()
        sys.argv = [str(RUN), *arguments]
        code = command()
        steps.kill_at = None
        counter.write_text(str(steps.count))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class _Steps:
    """Counts the steps of this process, and ends it at one of them.

    Args:
        kill_at: Number of the step; None for none.
        folder: Folder below which files count.
    """

    def __init__(self, kill_at: int | None, folder: str) -> None:
        self.kill_at = kill_at
        self.count = 0
        self._folder = folder

    def watch(self) -> None:
        """Count from now on: what the interpreter is asked to do, and what a journal stores."""
        for name in WRITES:
            setattr(Journal, name, self._around(getattr(Journal, name)))
        sys.addaudithook(self._hook)

    def _around(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self._step()
            value = write(*arguments, **options)
            self._step()
            return value

        return counted

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            is_step = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        elif event in MOVES:
            path, is_step = arguments[0], True
        else:
            return
        if is_step and isinstance(path, str | os.PathLike) and self._is_below(os.fspath(path)):
            self._step()

    def _is_below(self, path: str | bytes) -> bool:
        return os.path.abspath(os.fsdecode(path)).startswith(self._folder)

    def _step(self) -> None:
        self.count += 1
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _wait(process: int) -> int:
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    raise SystemExit("a command hangs")


# -- scenarios -------------------------------------------------------------------------------------


def _torture(name: str, kills: int, scratch: Path, rng: random.Random) -> Tally:
    scenario = SCENARIOS[name]
    tally = Tally(name)
    prepared = _prepare(scenario, scratch / name)
    whole = _copy(prepared, "whole")
    code, tally.steps = run_forked(scenario.command, whole)
    if code != 0:
        raise SystemExit(f"{name}: undisturbed, it failed: {(whole / 'log.txt').read_text()}")

    steps = _chosen_steps(tally.steps, kills, rng)
    rng.shuffle(steps)
    while steps:
        cwd = _copy(prepared, "killed")
        killed_at = _kill_again_and_again(scenario, cwd, steps, tally)
        for difference in _differences(scenario, whole, cwd):
            tally.differences.append(f"killed at steps {killed_at}: {difference}")
        shutil.rmtree(cwd)
    return tally


def _kill_again_and_again(
    scenario: Scenario, cwd: Path, steps: list[int], tally: Tally
) -> list[int]:
    """Kill one search at up to five of ``steps``, which it takes from there; then let it end."""
    killed_at: list[int] = []
    ended: Facts = {}
    while steps and len(killed_at) < KILLS_OF_A_SEARCH:
        step = steps.pop()
        code, _ = run_forked(scenario.command, cwd, kill_at=step)
        tally.commands += 1
        tally.retrained += _trained_again(scenario, cwd, ended)
        ended = _ended_children(scenario, cwd)
        if code != -signal.SIGKILL:
            break  # it had fewer steps left
        tally.kills += 1
        killed_at.append(step)
        if scenario.has_neighbour and len(killed_at) == 1:
            _search_beside(scenario, cwd)
    _finish(scenario, cwd, tally, killed_at)
    tally.retrained += _trained_again(scenario, cwd, ended)
    return killed_at


def _prepare(scenario: Scenario, folder: Path) -> Path:
    """Make the working directory that every command of a scenario starts in."""
    folder.mkdir()
    prepared = folder / "prepared"
    prepared.mkdir()
    _write_table(prepared)
    for command in scenario.before:
        code, _ = run_forked(command, prepared)
        if code != 0:
            raise SystemExit(f"{command}: {(prepared / 'log.txt').read_text()}")
    return prepared


def _write_table(folder: Path) -> None:
    """Write ``table.yaml``, of rewards made from the cells alone."""
    space = StateSpace(2, ["3x3 maxpool", "identity"], -1)
    rows = []
    for blocks in (1, 2):
        for tokens in space.iter_cells(blocks):
            for cell in space.decode(tokens):
                reward = random.Random(str(cell)).random()
                # Trainings differ, so that a search can confirm.
                rewards = (reward, 0.9 * reward, 0.95 * reward)
                shorter = {1: (ShortTraining(0.5 * reward, loss=1 - reward),)}
                params = 10 + str(cell).count("identity")
                row = Row(
                    rewards,
                    epochs=4.0,
                    seconds=1.0,
                    params=params,
                    shorter=shorter,
                    curves=tuple(_curve(each) for each in rewards),
                )
                rows.append((cell, row))
    write_table(folder / "table.yaml", space, rows, {})


def _curve(reward: float) -> Curve:
    """Return the learning curve of a training that ends at ``reward``."""
    losses = np.array([2 - reward, 1.8 - reward, 1.6 - reward, 1.5 - reward], np.float32)
    return Curve(losses, reward * np.array([0.5, 0.7, 0.9, 1.0], np.float32))


def _copy(prepared: Path, name: str) -> Path:
    # A journal knows where it lies, so each copy has the same place.
    return Path(shutil.copytree(prepared, prepared.parent / name))


def _chosen_steps(steps: int, kills: int, rng: random.Random) -> list[int]:
    """Return so many steps, one from each of as many equal parts."""
    if kills >= steps:
        return list(range(1, steps + 1))
    width = steps / kills
    return [1 + int((part + rng.random()) * width) for part in range(kills)]


def _finish(scenario: Scenario, cwd: Path, tally: Tally, killed_at: list[int]) -> None:
    """Send the command until it gets through."""
    for _ in range(MOST_COMMANDS):
        code, _ = run_forked(scenario.command, cwd)
        tally.commands += 1
        if code == 0:
            return
        time.sleep(1)
    said = (cwd / "log.txt").read_text().strip().splitlines()[-1:]
    tally.differences.append(f"killed at steps {killed_at}: never gets through: {said}")


def _search_beside(scenario: Scenario, cwd: Path) -> None:
    """Let a second search use the cache that the killed one has left."""
    other = [word.replace("name=run", "name=other") for word in scenario.command]
    code, _ = run_forked(other, cwd)
    if code != 0:
        raise SystemExit(f"the search beside a killed one failed: {(cwd / 'log.txt').read_text()}")


def _ended_children(scenario: Scenario, cwd: Path) -> Facts:
    """Return how often each child that has ended was started, and what was measured of each."""
    path = cwd / (scenario.journal or "none")
    if not path.is_file():
        return {}
    facts: Facts = {}
    with closing(sqlite3.connect(path)) as db:
        try:
            rows = db.execute("SELECT key, starts, ended_at, metrics FROM children").fetchall()
        except sqlite3.OperationalError:
            return {}  # killed before the journal had tables
    for key, starts, ended_at, metrics in rows:
        if ended_at is not None:
            facts[key] = starts
        latency = json.loads(metrics or "{}").get(LATENCY)
        if latency:
            facts[f"{key} {LATENCY}"] = latency
    return facts


def _trained_again(scenario: Scenario, cwd: Path, ended: Facts) -> int:
    now = _ended_children(scenario, cwd)
    return sum(now.get(key) != fact for key, fact in ended.items())


def _differences(scenario: Scenario, whole: Path, cwd: Path) -> list[str]:
    found = [f"{name} is missing" for name in scenario.files if not (cwd / name).is_file()]
    if scenario.rows is not None and _rows(whole / scenario.rows) != _rows(cwd / scenario.rows):
        found.append("children differ")
    for name in scenario.files:
        if name.endswith("summary.json") and _summary(whole / name) != _summary(cwd / name):
            found.append("summary.json differs")
        if name.endswith("table.csv.gz") and (cwd / name).stat().st_size == 0:
            found.append("the table is empty")
    if _names(whole / KEPT_TRAININGS) != _names(cwd / KEPT_TRAININGS):
        found.append("kept trainings differ")
    litter = sorted(path.name for path in cwd.rglob(".*") if path.name.endswith(".draft"))
    return [*found, *(f"{name} was left" for name in litter)]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _rows(path: Path) -> list[tuple[str, ...]]:
    if not path.is_file():
        return []
    with path.open() as file:
        names = ("cell", "reward", "predicted", "status", "seed")
        return [tuple(row[name] for name in names) for row in csv.DictReader(file)]


def _summary(path: Path) -> Any:
    if not path.is_file():
        return None
    summary = json.loads(path.read_text())
    return [summary.get(key) for key in ("status", "best", "winner", "children_failed")]


# -- a multirun ------------------------------------------------------------------------------------


def _torture_multirun(name: str, kills: int, scratch: Path, rng: random.Random) -> Tally:
    """Kill the launcher of a sweep at instants, and send the same command at once."""
    tally = Tally(name)
    cwd = scratch / "multirun"
    cwd.mkdir()
    number = 0
    while tally.kills < kills:
        number += 1
        command = (
            *(
                "-m",
                "hydra/launcher=joblib",
                "hydra.launcher.n_jobs=2",
                f"hydra.sweep.dir=m{number}",
            ),
            *(word for word in TRAINED if word != "seed=1"),
            *("executor=serial", "seed=1,2"),
        )
        while tally.kills < kills:
            process = subprocess.Popen(
                [sys.executable, str(RUN), *command],
                cwd=cwd,
                env=command_environment(),
                stdout=subprocess.DEVNULL,
                stderr=(cwd / "log.txt").open("w"),
                start_new_session=True,
            )
            try:
                code = process.wait(rng.uniform(3, 25))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                tally.kills += 1
                continue
            tally.commands += 1
            if code != 0:
                tally.differences.append(f"sweep {number}: {(cwd / 'log.txt').read_text()[-300:]}")
            break
        else:
            code = subprocess.run(
                [sys.executable, str(RUN), *command],
                cwd=cwd,
                env=command_environment(),
                capture_output=True,
                timeout=LONGEST * 2,
            ).returncode
            tally.commands += 1
            if code != 0:
                tally.differences.append(f"sweep {number} ends with {code}")
        tally.differences += _check_sweep(cwd / f"m{number}")
    return tally


def _check_sweep(folder: Path) -> list[str]:
    found = []
    for job in ("0", "1"):
        journal = folder / job / "journal.sqlite"
        if not journal.is_file():
            found.append(f"{folder.name}: job {job} has no journal")
            continue
        with Journal(journal) as opened:
            children = opened.children()
            is_finished = opened.meta("status") == "finished"
        if not is_finished or any(child.status is not Status.OK for child in children):
            found.append(f"{folder.name}: job {job} is not whole")
        if len(_rows(folder / job / "children.csv")) != len(children):
            found.append(f"{folder.name}: children.csv of job {job} differs")
    return found


# -- what is shown ---------------------------------------------------------------------------------


def show(tallies: Sequence[Tally]) -> None:
    table = Table(title="SIGKILL at every step")
    columns = ("scenario", "steps", "kills", "commands after", "trained again", "differences", "s")
    for column in columns:
        table.add_column(column, justify="left" if column == "scenario" else "right")
    for each in tallies:
        numbers = (each.steps, each.kills, each.commands, each.retrained, len(each.differences))
        table.add_row(each.name, *map(str, numbers), f"{each.seconds:.0f}")
    console = Console(width=120)
    console.print(table)
    console.print(f"{sum(each.kills for each in tallies)} kills")
    for each in tallies:
        for difference in each.differences:
            console.print(f"{each.name}: {difference}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
