"""Children that train in no time, and ones that fail in every way that a real one can."""

import hashlib
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from pnas.errors import InvalidValue
from pnas.execution import Runner
from pnas.records import ChildJob, ChildResult, Status


def fake_reward(cell_text: str) -> float:
    """Return a reward in [0, 1) that depends on the cell alone."""
    digest = hashlib.sha256(cell_text.encode()).hexdigest()
    return int(digest[:8], 16) / 2**32


@dataclass(frozen=True)
class FakeChildren:
    """A runner factory, importable by workers.

    Attributes:
        log_dir: Each training leaves a file in this folder, so that a test can count them.
        faults: What happens to a cell, by its text: a name of `fail`. With "once " before it, it
            happens at the first attempt only.
        seconds: Duration of a training.
    """

    log_dir: str
    faults: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @staticmethod
    def process_of(path: Path) -> int:
        """Return the process that left the file ``path``."""
        _, process, _ = path.name.split("-")
        return int(process)

    def __call__(self) -> Runner:
        return self._train

    def _train(self, job: ChildJob) -> ChildResult:
        cell = hashlib.sha256(str(job.cell).encode()).hexdigest()[:16]
        folder = Path(self.log_dir)
        if job.measures:
            (folder / f"measured{cell}-{os.getpid()}-{time.time_ns()}").touch()
            return measured_result(job)
        (folder / f"{cell}-{os.getpid()}-{time.time_ns()}").touch()
        is_first = len(list(folder.glob(f"{cell}-*"))) == 1
        time.sleep(self.seconds)

        fault = self.faults.get(str(job.cell), "")
        if is_first or not fault.startswith("once "):
            fail(fault.removeprefix("once "), job)
        return ChildResult(
            job.cell,
            job.seed,
            Status.OK,
            reward=fake_reward(str(job.cell)),
            metrics={"loss": [1.0, 0.5]},
            params=10,
            flops=100,
            seconds=self.seconds,
        )


def fake_latency(cell_text: str) -> float:
    """Return milliseconds in [1, 3) that depend on the cell alone."""
    return 1 + 2 * fake_reward(f"latency of {cell_text}")


def measured_result(job: ChildJob) -> ChildResult:
    """Return the result of a job that measures."""
    latency = fake_latency(str(job.cell))
    metrics = {"latency_ms": [latency], "latency_ms_low": [latency], "latency_ms_high": [latency]}
    return ChildResult(job.cell, job.seed, Status.OK, metrics=metrics)


def fail(fault: str, job: ChildJob) -> None:
    """Do what ``fault`` names.

    Args:
        fault: "raise", "raise oddly" (with a character that no file can hold), "die", "die whole"
            (unless its batch is split), "hang", "refuse" (the command is wrong), or "" for nothing.
        job: The child in training.
    """
    match fault:
        case "raise":
            raise ValueError("no such\nlayer")
        case "raise oddly":
            raise ValueError("Gerät \udce4 → voll")
        case "die":
            print("last words", file=sys.stderr)
            os.kill(os.getpid(), signal.SIGKILL)
        case "die whole" if job.accumulate == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "refuse":
            raise InvalidValue("trainer.device", "must be cpu or auto here", "gpu")
