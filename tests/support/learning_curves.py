"""Children whose learning curves tell something of their reward, and which may be stopped early."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from support.fake_children import fake_reward

from pnas.execution import Runner
from pnas.records import ChildJob, ChildResult, Status
from pnas.records.stop_rule import EpochCheck, StopRule
from pnas.records.stopped_training import as_stopped

EPOCHS = 10
VALIDATED = (2, 5, 10)


def stop_after(epoch: int, never: bool = False) -> StopRule:
    """Return a rule that stops every training after ``epoch``, or none."""
    check = EpochCheck(
        epoch=epoch,
        accuracies=(0.2, 0.4, 0.6),
        losses=None,
        predictions=None,
        means=(0.0,),
        slopes=(1.0,),
        covariance=((0.0,),),
        centre=0.0,
        trainings=3,
        noise=1.0,
        goal=-50.0 if never else 50.0,
        quantile=2.0,
    )
    return StopRule((check,))


def learning_curve(reward: float, noise: np.random.Generator) -> dict[str, list[float]]:
    """Return the metrics of a whole training that ends at ``reward``."""
    accuracies = [math.nan] * EPOCHS
    for epoch in VALIDATED[:-1]:
        accuracies[epoch - 1] = reward * epoch / EPOCHS + 0.01 * noise.normal()
    accuracies[-1] = reward
    losses = [1.5 - reward + 1 / epoch for epoch in range(1, EPOCHS + 1)]
    return {"loss": losses, "val_accuracy": accuracies}


@dataclass(frozen=True)
class LearningChildren:
    """A runner factory, importable by workers.

    Attributes:
        log: Directory in which each training leaves a file; a second one of a child is an error.
    """

    log: Path

    def __call__(self) -> Runner:
        return self._train

    def _train(self, job: ChildJob) -> ChildResult:
        path = self.log / f"{abs(job.seed)}"
        assert not path.exists(), "trained twice"
        path.touch()
        generator = np.random.default_rng(abs(job.seed))
        reward = 0.2 + 0.6 * fake_reward(str(job.cell)) + 0.02 * generator.normal()
        metrics = learning_curve(reward, generator)
        whole = ChildResult(job.cell, job.seed, Status.OK, reward, metrics, 5, 9, 1.0)
        return as_stopped(whole, job.stop_rule)
