"""Resident memory of a search's process and of its workers, over 500 tiny children.

    .venv/bin/python experiments/benchmarks/worker_memory.py --plot docs/images/worker_memory.png

TensorFlow keeps some of the memory of every child, which is why workers are replaced. Children of
one block in the smallest network, trained for one epoch by `executor=local`, their results stored
in a journal: memory grows with the number of graphs, hardly with their size. Takes 5-15 minutes on
2 cores.
"""

import os
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import closing, suppress
from pathlib import Path

from common import make_parser
from processes import workers_of

from pnas.children import ChildRunnerFactory, PNASNetworkSpec, SearchTrainerSpec
from pnas.data import DigitsSpec
from pnas.execution import LocalExecutor
from pnas.records import ChildJob, Choice, Journal, Status
from pnas.state_space import StateSpace

Samples = dict[int, list[tuple[float, float]]]
"""(seconds, MB resident) of each process by its id."""


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--children", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--share", type=int, default=20, help="executor.max_children_per_worker")
    parser.add_argument("--plot", type=Path, default=None)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        samples, ended = train(options.children, options.workers, options.share, Path(folder))
    if options.plot is not None:
        plot(samples, ended, options.plot)
    report(samples, ended, options.share)


class Sampler(threading.Thread):
    """Samples the memory of this process and its workers every ``interval`` seconds."""

    def __init__(self, interval: float = 1.0) -> None:
        super().__init__(daemon=True)
        self.samples: Samples = defaultdict(list)
        self.over = threading.Event()
        self._interval = interval
        self._started_at = time.monotonic()

    def run(self) -> None:
        while not self.over.wait(self._interval):
            now = time.monotonic() - self._started_at
            for process in [os.getpid(), *workers_of(os.getpid())]:
                # A worker may end while it is looked at.
                with suppress(OSError, StopIteration):
                    self.samples[process].append((now, resident_mb(process)))


def resident_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    resident = next(line for line in lines if line.startswith("VmRSS:"))
    kilobytes = int(resident.split()[1])
    return kilobytes / 1024


def train(children: int, workers: int, share: int, folder: Path) -> tuple[Samples, list[float]]:
    """Train ``children``; return the samples, and when each child ended (seconds)."""
    space = StateSpace(B=1, operators=["3x3 conv", "3x3 maxpool", "identity"])
    cells = space.initial_children()
    choices = []
    for seed in range(children):
        choices.append(Choice(cells[seed % len(cells)], f"child-{seed}", seed, None))
    jobs = [ChildJob(choice.cell, choice.seed) for choice in choices]
    trainer = SearchTrainerSpec(epochs=1, batchsize=128)
    factory = ChildRunnerFactory(DigitsSpec(), PNASNetworkSpec(filters=1), trainer)

    ended = []
    sampler = Sampler()
    with (
        closing(LocalExecutor(factory, workers, share)) as executor,
        Journal(folder / "j.sqlite", create=True) as journal,
    ):
        journal.open_stage(1, choices, 0, children, 0.0)
        sampler.start()
        start = time.monotonic()
        for index, result in executor.run(jobs):
            assert result.status is Status.OK, result.error
            journal.end_child(choices[index].key, result)
            ended.append(time.monotonic() - start)
        sampler.over.set()
        sampler.join()
    return sampler.samples, ended


def report(samples: Samples, ended: list[float], share: int) -> None:
    """Print what the plot shows."""
    warm = ended[len(ended) // 10]
    parent = [mb for seconds, mb in samples[os.getpid()] if seconds > warm]
    workers = [process for process in samples if process != os.getpid()]
    each = f"{len(workers)} workers of {share} children each"
    print(f"{len(ended)} children in {ended[-1]:.0f} s, {each}")
    print(
        f"parent: {parent[0]:.0f} MB after a tenth of the children, {parent[-1]:.0f} MB at the end"
    )

    peaks = [max(mb for _, mb in samples[worker]) for worker in workers]
    full = peaks[:-2] or peaks  # the last ones end before their share is done
    half = len(full) // 2
    print(f"workers, highest each: {min(full):.0f} to {max(full):.0f} MB")
    if half:
        first = statistics.mean(full[:half])
        second = statistics.mean(full[half:])
        print(f"mean of the first half of them {first:.0f} MB, of the second half {second:.0f} MB")
    late = [mb for seconds, mb in total_over_time(samples) if seconds > warm]
    print(f"all processes together, after a tenth: at most {max(late):.0f} MB")


def total_over_time(samples: Samples) -> list[tuple[float, float]]:
    totals: dict[float, float] = defaultdict(float)
    for process_samples in samples.values():
        for seconds, mb in process_samples:
            totals[seconds] += mb
    return sorted(totals.items())


def plot(samples: Samples, ended: list[float], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3), dpi=90)
    is_labelled = False
    for process, points in samples.items():
        seconds = [second for second, _ in points]
        memory = [mb for _, mb in points]
        if process == os.getpid():
            axes.plot(seconds, memory, color="C3", lw=2, label="the search's process")
        else:
            label = None if is_labelled else "one line a worker"
            axes.plot(seconds, memory, color="C0", lw=0.8, label=label)
            is_labelled = True
    axes.set(xlabel="seconds", ylabel="resident memory, MB", ylim=(0, None))
    axes.set_title(f"{len(ended)} children, workers replaced as they go", fontsize=10)
    axes.legend(loc="lower right", fontsize=8)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


if __name__ == "__main__":
    main()
