"""Children that train in no time, and ones that fail in every way a real one can; importable by workers."""

import hashlib
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

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
        faults: what happens to a cell, by its text: "raise", "die" or "hang".
        seconds: how long a child takes.
    """

    log_dir: str
    faults: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def __call__(self) -> Runner:
        return self._train

    def _train(self, job: ChildJob) -> ChildResult:
        name = f"{hashlib.sha256(str(job.cell).encode()).hexdigest()[:16]}-{os.getpid()}-{time.time_ns()}"
        (Path(self.log_dir) / name).touch()
        time.sleep(self.seconds)
        match self.faults.get(str(job.cell)):
            case "raise":
                raise ValueError("no such\nlayer")
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                time.sleep(600)
        reward = fake_reward(str(job.cell))
        return ChildResult(job.cell, job.seed, Status.OK, reward, {"loss": [1.0, 0.5]}, 10, 100, self.seconds)
