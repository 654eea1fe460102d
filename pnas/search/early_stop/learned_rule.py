"""The rule of a stage, learned from the trainings of the stages before it.

After each validated epoch a Bayesian linear regression leads from what a training has shown to the
normal score of its reward. A training is hopeless if the probability that its reward reaches the
best tenth is below ``search.early_stop``, by Student's t distribution: the noise is estimated too.
That children were stopped before does not bias it, since it conditions on what they were stopped
by.
"""

import math
from collections.abc import Sequence

import numpy as np

from pnas.records import ChildRecord
from pnas.records.stop_rule import EpochCheck, StopRule
from pnas.search.early_stop.curves import checked_epochs, evidence_after, with_curves
from pnas.search.expected_reward import (
    PRIOR_CELLS,
    PRIOR_CORRELATION,
    Evidence,
    fit_slopes,
    has_losses,
    normal_scores,
    prior_weights,
    signal_scores,
    slope_precision,
)

FEWEST_TRAININGS = 10
"""Whole trainings below which too little is known to stop any."""

_PROMISING = 0.1
"""Share of the cells that is worth a whole training: what is confirmed, extended or bred from."""

_FEWEST_PROMISING = 3


def learn_rule(earlier: Sequence[ChildRecord], probability: float) -> StopRule | None:
    """Return the rule of a stage; None while too few trainings are known.

    Args:
        earlier: Children of the stages before it.
        probability: Probability of becoming one of the best below which a training is stopped.
    """
    children = with_curves(earlier)
    rewards = [child.reward for child in children if child.reward is not None]
    if len(rewards) < FEWEST_TRAININGS:
        return None
    # Of all cells, those that were stopped included: the best tenth would rise ever faster else.
    promising = max(_FEWEST_PROMISING, math.ceil(_PROMISING * len(children)))
    worst_promising = sorted(rewards, reverse=True)[min(promising, len(rewards)) - 1]

    checks = []
    for epoch in checked_epochs(children):
        evidence = evidence_after(epoch, children)
        known = sum(reward is not None for reward in evidence.rewards)
        if known >= FEWEST_TRAININGS:
            checks.append(_learn_check(epoch, evidence, worst_promising, probability))
    return StopRule(tuple(checks)) if checks else None


def _learn_check(
    epoch: int, evidence: Evidence, worst_promising: float, probability: float
) -> EpochCheck:
    known = np.array([reward is not None for reward in evidence.rewards])
    rewards = [reward for reward in evidence.rewards if reward is not None]
    scores = signal_scores(evidence)[known]
    targets = normal_scores(rewards)
    means = scores.mean(axis=0)
    centred = scores - means
    offsets = targets - targets.mean()
    prior = PRIOR_CORRELATION * prior_weights(evidence)
    slopes = fit_slopes(centred, offsets, prior)

    # The noise begins as what the prior leaves unexplained, and counts for as many cells.
    shifts = slopes - prior
    squares = float(((offsets - centred @ slopes) ** 2).sum())
    squares += PRIOR_CELLS * float(shifts @ shifts)
    squares += PRIOR_CELLS * (1 - PRIOR_CORRELATION**2)
    freedom = PRIOR_CELLS + len(rewards) - 1
    return EpochCheck(
        epoch=epoch,
        accuracies=_ascending([each.reward for each in evidence.signals]),
        losses=_losses(evidence),
        predictions=_predictions(evidence),
        means=tuple(means.tolist()),
        slopes=tuple(slopes.tolist()),
        covariance=tuple(map(tuple, np.linalg.inv(slope_precision(centred)).tolist())),
        centre=float(targets.mean()),
        trainings=len(rewards),
        noise=math.sqrt(squares / freedom),
        goal=_goal(rewards, worst_promising),
        quantile=_quantile(probability, freedom),
    )


def _goal(rewards: Sequence[float], worst_promising: float) -> float:
    """Return the normal score from which a reward is at least ``worst_promising``."""
    from scipy.special import ndtri

    below = sum(reward < worst_promising for reward in rewards)
    return float(ndtri(max(below, 0.5) / len(rewards)))


def _quantile(probability: float, freedom: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - probability))


def _losses(evidence: Evidence) -> tuple[float, ...] | None:
    if not has_losses(evidence):
        return None
    return _ascending([-(each.loss or 0.0) for each in evidence.signals])


def _predictions(evidence: Evidence) -> tuple[float, ...] | None:
    known = [each for each in evidence.predictions if each is not None]
    if not known:
        return None
    # As `signal_scores` ranks them.
    middle = float(np.median(known))
    return _ascending([middle if each is None else each for each in evidence.predictions])


def _ascending(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(sorted(values))
