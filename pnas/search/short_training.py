"""What a short training tells: its signals, read from the record of a child."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pnas.records import ChildRecord, Status
from pnas.records.child_records import SHORT_REWARD


@dataclass(frozen=True)
class Signals:
    """What a short training shows of a cell.

    Attributes:
        reward: Its accuracy on the validation part, in [0, 1], as ``trainer.reward`` defines it.
        loss: Mean of its training losses over all of its epochs, an estimate of the speed of
            training (Ru et al., 2021, arXiv 2006.04492); None where it is not known.
    """

    reward: float
    loss: float | None = None


def signals_of(child: ChildRecord) -> Signals | None:
    """Return what the short training ``child`` shows; None if it failed."""
    if child.status is not Status.OK:
        return None
    return signals_in(child.metrics)


def signals_in(metrics: Mapping[str, Sequence[float]]) -> Signals | None:
    """Return what the metrics of a short training show; None without ``short_reward``."""
    rewards = metrics.get(SHORT_REWARD)
    if not rewards:
        return None
    losses = [loss for loss in metrics.get("loss", ()) if math.isfinite(loss)]
    mean_loss = sum(losses) / len(losses) if losses else None
    return Signals(rewards[0], mean_loss)
