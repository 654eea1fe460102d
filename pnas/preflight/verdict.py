"""What a preflight concludes: whether a search is worth it, and what would improve it most.

A search is judged by random search with confirmation (`pnas.preflight.expected_gain`), a lower
bound on what a good strategy gains. The interval of a gain follows from the interval of the ICC,
with the total variance of a reward held fixed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pnas.preflight.baselines import Baseline
from pnas.preflight.expected_gain import ExpectedGain, expected_gain
from pnas.preflight.reliability import Reliability

LEAST_GAIN = 0.002
"""Gain in reward (0.2 points) below which a search is not worth its trainings."""

# Times as many validation examples in the alternative that is offered, if the source has them.
_MORE_VALIDATION = 4
_STILL_RISING = 0.5  # noise deviations that accuracy rises in the last part of a training


@dataclass(frozen=True)
class Evidence:
    """What the trainings of a preflight showed.

    Attributes:
        reliability: Variance components of the rewards.
        children: Number of trainings that the search would spend.
        validation_examples: Size of the validation part.
        last_rise: Mean rise of the metric between the last two validations of a training; None
            where a training is validated once.
        baselines: What is free, on the same validation part and by the same metric.
        metric: What rewards and baselines are: ``trainer.reward_metric``.
        effective_examples: Examples of equal classes that would measure the metric as exactly as
            the validation part does; None if that is the size of the validation part.
        largest_validation: Examples that the validation part can have while the other parts keep
            their sizes; None if there are no more than it has.
    """

    reliability: Reliability
    children: int
    validation_examples: int
    last_rise: float | None
    baselines: Sequence[Baseline]
    metric: str = "accuracy"
    effective_examples: float | None = None
    largest_validation: int | None = None

    @property
    def metric_name(self) -> str:
        """The metric, in words."""
        return self.metric.replace("_", " ")

    @property
    def sampling_variance(self) -> float:
        """Variance of a reward that comes from the choice of validation examples.

        It is p (1 - p) / n (see `pnas.children.class_balance.effective_examples` for n): which
        examples a training gets right varies independently from training to training at best.
        """
        value = min(max(self.reliability.mean, 0.0), 1.0)
        examples = self.effective_examples
        if examples is None:
            examples = max(self.validation_examples, 1)
        return value * (1 - value) / examples

    @property
    def offered_validation(self) -> int:
        """Examples of the larger validation part that is offered; those that it has, if no more."""
        wanted = self.validation_examples * _MORE_VALIDATION
        largest = self.largest_validation or self.validation_examples
        return max(self.validation_examples, min(wanted, largest))


@dataclass(frozen=True)
class Alternative:
    """A change of the settings, and the gain that it is expected to bring.

    Attributes:
        name: What is changed, in words.
        override: The override to type; empty if nothing is changed.
        gain: Expected gain over a random cell.
    """

    name: str
    override: str
    gain: float


@dataclass(frozen=True)
class Verdict:
    """The answer.

    Attributes:
        is_worth_it: Whether the expected gain is large enough, and no baseline is out of reach;
            None if the trainings do not tell.
        reason: Why, in one sentence.
        gain: Expected gain of a search over a random cell.
        gain_low: Gain at the lower end of the ICC's interval.
        gain_high: Gain at its upper end.
        alternatives: Changes of the settings, the most useful first.
    """

    is_worth_it: bool | None
    reason: str
    gain: ExpectedGain
    gain_low: float
    gain_high: float
    alternatives: list[Alternative]


def judge(evidence: Evidence, seed: int = 0) -> Verdict:
    """Say whether a search is worth it.

    Args:
        evidence: What the trainings showed.
        seed: Seed of the simulations.
    """
    reliability = evidence.reliability
    gain = expected_gain(reliability, evidence.children, seed=seed)
    low = expected_gain(_with_icc(reliability, reliability.icc_low), evidence.children, seed=seed)
    high = expected_gain(_with_icc(reliability, reliability.icc_high), evidence.children, seed=seed)

    is_worth_it, reason = _decide(evidence, low.confirmed, high.confirmed)
    return Verdict(
        is_worth_it=is_worth_it,
        reason=reason,
        gain=gain,
        gain_low=low.confirmed,
        gain_high=high.confirmed,
        alternatives=_alternatives(evidence, gain, seed),
    )


def _decide(evidence: Evidence, low: float, high: float) -> tuple[bool | None, str]:
    metric = evidence.metric_name
    reachable = evidence.reliability.mean + high
    best = max(evidence.baselines, key=lambda each: each.validation, default=None)
    if best is not None and best.validation > reachable:
        return False, (
            f"{best.name} has {best.validation:.4f}, more than the {metric} of {reachable:.4f} "
            "that a search can be expected to find"
        )
    if high < LEAST_GAIN:
        return False, f"the expected gain is at most {100 * high:.2f} points of {metric}"
    if low < LEAST_GAIN:
        return None, (
            f"the expected gain is between {100 * low:.2f} and {100 * high:.2f} points: "
            "too few trainings to tell"
        )
    return True, f"the expected gain is at least {100 * low:.2f} points of {metric}"


def _alternatives(evidence: Evidence, gain: ExpectedGain, seed: int) -> list[Alternative]:
    found = [
        Alternative(
            "one training a cell, the highest reward wins", "search.confirm=0", gain.single
        ),
        Alternative("the best cells trained again", "", gain.confirmed),
    ]

    reliability = evidence.reliability
    quieter = _with_more_validation(evidence)
    if quieter.noise_sd < reliability.noise_sd:
        offered = evidence.offered_validation
        improved = expected_gain(quieter, evidence.children, seed=seed).confirmed
        name = f"{offered:,} validation examples instead of {evidence.validation_examples:,}"
        found.append(Alternative(name, f"data.val_size={offered}", improved))

    found.sort(key=lambda alternative: -alternative.gain)
    return found


def is_still_rising(evidence: Evidence) -> bool:
    """Whether trainings end before they have converged, so that more epochs come first."""
    if evidence.last_rise is None:
        return False
    return evidence.last_rise > _STILL_RISING * evidence.reliability.noise_sd


def _with_more_validation(evidence: Evidence) -> Reliability:
    """Return the reliability with the noise that a larger validation part would leave.

    The sampling variance is taken for an upper bound of the part that more examples can remove.
    They are split by class as those that there are, so that it falls with their number.
    """
    reliability = evidence.reliability
    removable = min(evidence.sampling_variance, reliability.noise_sd**2)
    remaining_share = evidence.validation_examples / evidence.offered_validation
    left = reliability.noise_sd**2 - removable * (1 - remaining_share)
    return replace(reliability, noise_sd=float(np.sqrt(max(left, 0.0))))


def _with_icc(reliability: Reliability, icc: float) -> Reliability:
    """Return the reliability with another ICC and the same total variance."""
    total = reliability.between_sd**2 + reliability.noise_sd**2
    return replace(
        reliability,
        between_sd=float(np.sqrt(icc * total)),
        noise_sd=float(np.sqrt((1 - icc) * total)),
        icc=icc,
    )
