"""What a search takes besides the training of its children: the quickstart, measured from its journal.

    .venv/bin/python experiments/benchmarks/overhead.py                     # the quickstart, 52 children
    .venv/bin/python experiments/benchmarks/overhead.py controller.K=4 state_space.B=2 tracking=none

Runs the command as a user does, in a directory of its own, then the same command again (which finds the search
finished), and splits the time by the clock: from the command to the first child, children, idle workers at the
end of stages, learning and scoring, opening stages, ending. Arguments are overrides. Takes about 2 minutes on
2 idle cores.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from common import print_machine, print_table, progress

from pnas.execution import ExecutorSpec, count_workers
from pnas.records import ChildRecord, Journal

RUN = Path(__file__).parents[2] / "run.py"


class Run(NamedTuple):
    """One command: when it began and ended (seconds since the epoch), by the clock."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def command(overrides: list[str], directory: Path) -> Run:
    """Run the search in ``directory`` to its end."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{RUN.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    began = time.time()
    subprocess.run(
        [sys.executable, str(RUN), "name=measured", *overrides],
        cwd=directory, env=environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return Run(began, time.time())


def started(child: ChildRecord) -> float:
    assert child.ended_at is not None
    assert child.seconds is not None
    return child.ended_at - child.seconds


def split(run: Run, journal: Journal, workers: int) -> list[tuple[str, float]]:
    """Seconds of each phase; they add up to the run's."""
    stages = journal.stages()
    phases = dict.fromkeys(_PHASES, 0.0)
    before = run.began
    for stage in stages:
        children = journal.children(stage.b)
        first = min(map(started, children))
        last = max(child.ended_at or 0 for child in children)
        busy = sum(child.seconds or 0 for child in children) / workers
        phases["start to first child" if stage.b == 1 else "opening stages"] += first - before
        phases["children, shared by the workers"] += busy
        phases["idle workers in stages"] += last - first - busy
        closed = stage.closed_at or last
        phases["learning and scoring"] += closed - last
        if stage.b < len(stages):
            # Scoring the next candidates follows the stage's end and is stored when the next one opens.
            before = stages[stage.b].opened_at
            phases["learning and scoring"] += before - closed
    phases["ending: test accuracy, plot, tracking"] += run.ended - (stages[-1].closed_at or 0)
    return list(phases.items())


_PHASES = (
    "start to first child",
    "opening stages",
    "children, shared by the workers",
    "idle workers in stages",
    "learning and scoring",
    "ending: test accuracy, plot, tracking",
)


def main() -> None:
    overrides = sys.argv[1:]
    if {"-h", "--help"} & set(overrides):
        print(__doc__)
        return
    workers = count_workers(ExecutorSpec(), 1, 0)
    with tempfile.TemporaryDirectory() as directory:
        progress("a search, then the same command on the finished search")
        run, again = (command(overrides, Path(directory)) for _ in range(2))
        with Journal(Path(directory) / "outputs" / "measured" / "journal.sqlite") as journal:
            phases = split(run, journal, workers)
            children = len(journal.children())
    rows = [(name, f"{seconds:.1f}", f"{seconds / run.seconds:.1%}") for name, seconds in phases]
    print(f"search of {children} children on {workers} workers {' '.join(overrides)}\n")
    print_table(("", "s", "share"), [*rows, ("together", f"{run.seconds:.1f}", "100%")])
    named = dict(phases)
    training = named["children, shared by the workers"] + named["idle workers in stages"]
    running = run.seconds - named["start to first child"] - training
    print(
        f"besides children and the barrier at the end of stages: {(run.seconds - training) / run.seconds:.1%}"
    )
    print(
        f"of that, after the first child has started (Python, TensorFlow and workers up): {running / run.seconds:.1%}"
    )
    print(f"the same command on the finished search: {again.seconds:.1f} s")
    print_machine("tensorflow", "mlflow", "hydra-core")


if __name__ == "__main__":
    main()
