"""What a search of many children costs: seconds and memory of its process, resuming, its report.

    .venv/bin/python experiments/benchmarks/long_searches.py

Searches of a table, whose children take no time, each as the command that a user types: the
default of 60 children, random search, and evolution that chooses one child at a time. Each is
stopped ten children before its end and continued; then its report is made, and the same command is
given again to the finished search. The table has every cell of up to two
blocks of seven of the paper's operators, with random rewards. Takes a minute or two.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import (
    RUN,
    Timing,
    all_cells,
    clock,
    command_environment,
    make_parser,
    print_machine,
    print_table,
    progress,
)

from pnas.reports.html.search_report import REPORT
from pnas.state_space import PAPER_OPERATORS, StateSpace

B = 2
OPERATORS = PAPER_OPERATORS[:7]
"""Of two blocks they make some 18,000 cells."""

LAST = 10
"""Children that the command which continues a search trains."""

SEARCHES = {
    "mixed": ["search=mixed"],
    "random": ["search=random"],
    "evolution": ["search=evolution", "search.batch=1"],
}
COUNTS = {"mixed": [60], "random": [1000, 10_000], "evolution": [1000, 3000]}


@dataclass
class Cost:
    """What one command took.

    Attributes:
        timing: Seconds by the clock, and processor seconds.
        megabytes: Largest resident memory of its process.
    """

    timing: Timing
    megabytes: float


def main() -> None:
    make_parser(__doc__).parse_args()

    rows = []
    with tempfile.TemporaryDirectory(prefix="pnas-long-") as folder:
        table = write_random_table(Path(folder))
        for search, counts in COUNTS.items():
            for count in counts:
                progress(f"{search}, {count:,} children")
                rows.append(measure(search, count, table))
    print_table(
        (
            "search",
            "children",
            "s",
            "processor s",
            "ms a child",
            "MB",
            "resumed, s",
            "report, s",
            "report, MB",
            "finished, s",
        ),
        rows,
    )
    print_machine("numpy", "hydra-core")


def write_random_table(folder: Path) -> Path:
    """Write a table of all cells of up to `B` blocks; its rewards are random."""
    cells = all_cells(StateSpace(B, list(OPERATORS)))
    rewards = np.random.default_rng(0).uniform(size=len(cells))
    lines = ["cell,reward"]
    lines += [f'"{cell}",{reward:.6f}' for cell, reward in zip(cells, rewards, strict=True)]
    (folder / "cells.csv").write_text("\n".join(lines))
    head = folder / "table.yaml"
    operators = ", ".join(OPERATORS)
    space = f"{{kind: pnas, B: {B}, operators: [{operators}], input_lookback_depth: -2}}"
    head.write_text(f"format: pnas-table-1\nspace: {space}\nrows: cells.csv\n")
    return head


def measure(search: str, count: int, table: Path) -> list[str]:
    """Return a row of the table: a search of ``count`` children, continued, and asked for again."""
    name = f"{search}_{count}"
    command = [
        f"name={name}",
        "state_space=paper",
        f"state_space.B={B}",
        f"state_space.operators=[{','.join(OPERATORS)}]",
        "trainer=tabular",
        f"trainer.table={table}",
        "tracking=none",
        *SEARCHES[search],
    ]
    first = run([*command, f"search.max_children={count - LAST}"], table.parent)
    resumed = run([*command, f"search.max_children={count}"], table.parent)
    report = run(["task=report", f"from=outputs/{name}"], table.parent)
    again = run([*command, f"search.max_children={count}"], table.parent)
    size = (table.parent / "outputs" / name / REPORT).stat().st_size
    return [
        search,
        f"{count:,}",
        f"{first.timing.wall:.1f}",
        f"{first.timing.cpu:.1f}",
        f"{1000 * first.timing.cpu / count:.1f}",
        f"{first.megabytes:.0f}",
        f"{resumed.timing.wall:.1f}",
        f"{report.timing.wall:.1f}",
        f"{size / 1e6:.1f}",
        f"{again.timing.wall:.1f}",
    ]


def run(overrides: Sequence[str], folder: Path) -> Cost:
    """Run one command and return what it took."""
    with clock() as timing:
        process = subprocess.Popen(
            [sys.executable, str(RUN), *overrides],
            cwd=folder,
            env=command_environment(),
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, overrides)
    timing.cpu = usage.ru_utime + usage.ru_stime
    return Cost(timing, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
