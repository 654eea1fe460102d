"""What a search takes besides training its children: the quickstart, measured from its journal.

    .venv/bin/python experiments/benchmarks/overhead.py  # the quickstart
    .venv/bin/python experiments/benchmarks/overhead.py controller.K=4 state_space.B=2 tracking=none

Runs the command as a user does, in a directory of its own, then the same command again (which finds
the search finished), and splits the time by the clock: from the command to the first child,
children, idle workers at the end of stages, learning and scoring, opening stages, ending. Arguments
are overrides. Takes about 2 minutes on 2 idle cores.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from common import RUN, command_environment, print_machine, print_table, progress

from pnas.execution import LocalSpec, count_workers
from pnas.records import ChildRecord, Journal, StageRecord

START = "start to first child"
OPENING = "opening stages"
CHILDREN = "children, shared by the workers"
IDLE = "idle workers in stages"
LEARNING = "learning and scoring"
ENDING = "ending: test accuracy, plot, tracking"
PHASES = (START, OPENING, CHILDREN, IDLE, LEARNING, ENDING)


class Command(NamedTuple):
    """When one command began and ended, in seconds since the epoch."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def main() -> None:
    overrides = sys.argv[1:]
    if {"-h", "--help"} & set(overrides):
        print(__doc__)
        return

    workers = count_workers(LocalSpec(), 1, 0)
    with tempfile.TemporaryDirectory() as folder:
        progress("a search, then the same command on the finished search")
        first = run_command(overrides, Path(folder))
        again = run_command(overrides, Path(folder))
        with Journal(Path(folder) / "outputs" / "measured" / "journal.sqlite") as journal:
            phases = split_phases(first, journal, workers)
            ended = [child for child in journal.children() if child.ended_at is not None]
    typed = " ".join(overrides)
    print(f"search of {len(ended)} children on {workers} workers {typed}\n")
    show(phases, first)
    print(f"the same command on the finished search: {again.seconds:.1f} s")
    print_machine("tensorflow", "mlflow", "hydra-core")


def run_command(overrides: list[str], folder: Path) -> Command:
    """Run the search in ``folder`` to its end."""
    began = time.time()
    subprocess.run(
        [sys.executable, str(RUN), "name=measured", *overrides],
        cwd=folder,
        env=command_environment(),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return Command(began, time.time())


def split_phases(command: Command, journal: Journal, workers: int) -> dict[str, float]:
    """Return the seconds of each phase; they add up to the command's."""
    stages = journal.stages()
    phases = dict.fromkeys(PHASES, 0.0)
    before = command.began
    for stage in stages:
        # The budget may be spent before all children of a stage have been trained.
        children = [child for child in journal.children(stage.b) if child.ended_at is not None]
        if not children:
            continue
        first = min(map(_started_at, children))
        last = max(child.ended_at or 0 for child in children)
        busy = sum(child.seconds or 0 for child in children) / workers

        phases[START if stage.b == 1 else OPENING] += first - before
        phases[CHILDREN] += busy
        phases[IDLE] += last - first - busy
        # Scoring the next candidates follows the stage's end, and is stored when the next stage
        # opens.
        before = _learned_at(stages, stage, last)
        phases[LEARNING] += before - last
    phases[ENDING] += command.ended - before
    return phases


def _started_at(child: ChildRecord) -> float:
    assert child.ended_at is not None
    assert child.seconds is not None
    return child.ended_at - child.seconds


def _learned_at(stages: list[StageRecord], stage: StageRecord, last: float) -> float:
    """Return when learning from ``stage`` and scoring for the next one were over."""
    is_last = stage.b == len(stages)
    if is_last:
        return stage.closed_at or last
    return stages[stage.b].opened_at


def show(phases: dict[str, float], command: Command) -> None:
    total = command.seconds
    rows = [(name, f"{seconds:.1f}", f"{seconds / total:.1%}") for name, seconds in phases.items()]
    print_table(("", "s", "share"), [*rows, ("together", f"{total:.1f}", "100%")])

    besides = total - phases[CHILDREN] - phases[IDLE]
    after_start = besides - phases[START]
    print(f"besides children and the barrier at the end of stages: {besides / total:.1%}")
    print(
        "of that, after the first child has started (Python, TensorFlow and workers up): "
        f"{after_start / total:.1%}"
    )


if __name__ == "__main__":
    main()
