"""Children that train in no time, and ones that fail in every way a real one can; importable by
workers.
"""

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
    """A reward in [0, 1) that depends on the cell alone."""
    return int(hashlib.sha256(cell_text.encode()).hexdigest()[:8], 16) / 2**32


@dataclass(frozen=True)
class FakeChildren:
    """A runner factory.

    Attributes:
        log_dir: each training leaves a file here, so that a test can count them.
        faults: what happens to a cell, by its text: "raise", "die", "hang", "refuse" (the command
            is wrong), "die whole" (unless its batch is split); with "once " before it, at the first
            attempt only.
        seconds: how long a child takes.
    """

    log_dir: str
    faults: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def __call__(self) -> Runner:
        return self._train

    def _train(self, job: ChildJob) -> ChildResult:
        cell = hashlib.sha256(str(job.cell).encode()).hexdigest()[:16]
        (Path(self.log_dir) / f"{cell}-{os.getpid()}-{time.time_ns()}").touch()
        is_first = len(list(Path(self.log_dir).glob(f"{cell}-*"))) == 1
        time.sleep(self.seconds)
        fault = self.faults.get(str(job.cell), "")
        if is_first or not fault.startswith("once "):
            fail(fault.removeprefix("once "), job)
        reward = fake_reward(str(job.cell))
        return ChildResult(
            job.cell, job.seed, Status.OK, reward, {"loss": [1.0, 0.5]}, 10, 100, self.seconds
        )


def fail(fault: str, job: ChildJob) -> None:
    """Do what ``fault`` says."""
    match fault:
        case "raise":
            raise ValueError("no such\nlayer")
        case "die":
            print("last words", file=sys.stderr)
            os.kill(os.getpid(), signal.SIGKILL)
        case "die whole" if job.accumulate == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "refuse":
            raise InvalidValue("trainer.device", "must be cpu or auto here", "gpu")
