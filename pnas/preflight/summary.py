"""What a preflight tells: the lines that it prints, and preflight.json."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pnas.preflight.baselines import Baseline
from pnas.preflight.expected_gain import trainings_to_know
from pnas.preflight.verdict import Evidence, Verdict, is_still_rising
from pnas.system.wording import plural

_ANSWERS = {
    True: "a search is worth it",
    False: "a search is not worth it",
    None: "whether a search is worth it is not known yet",
}


def summary_lines(evidence: Evidence, verdict: Verdict, seconds: Sequence[float]) -> list[str]:
    """Return the lines that the command prints.

    Args:
        evidence: What the trainings showed.
        verdict: What follows from it.
        seconds: Duration of each training.
    """
    reliability = evidence.reliability
    lines = [
        f"{reliability.cells} random cells, {reliability.trainings} trainings of "
        f"{_mean(seconds):.1f} s: mean reward {reliability.mean:.4f}",
        f"standard deviation {reliability.between_sd:.4f} between cells, "
        f"{reliability.noise_sd:.4f} between trainings of one cell",
        f"ICC {reliability.icc:.2f} (95 % interval {reliability.icc_low:.2f} to "
        f"{reliability.icc_high:.2f}): the share of a reward's variance that belongs to the cell",
    ]
    for baseline in evidence.baselines:
        lines.append(_baseline_line(baseline, evidence.metric_name))

    gain = verdict.gain
    lines += [
        f"a search of {gain.children} children can be expected to gain "
        f"{100 * gain.confirmed:.2f} points over a random cell "
        f"({100 * verdict.gain_low:.2f} to {100 * verdict.gain_high:.2f})",
        f"its highest single reward would overstate that cell by {100 * gain.optimism:.2f} points",
        _trainings_line(evidence),
    ]
    lines += _advice_lines(evidence, verdict)
    lines.append(f"{_ANSWERS[verdict.is_worth_it]}: {verdict.reason}")
    return lines


def as_record(evidence: Evidence, verdict: Verdict) -> dict[str, Any]:
    """Return everything as plain data for preflight.json."""
    return {
        "metric": evidence.metric,
        "reliability": asdict(evidence.reliability),
        "baselines": [baseline._asdict() for baseline in evidence.baselines],
        "gain": asdict(verdict.gain),
        "gain_low": verdict.gain_low,
        "gain_high": verdict.gain_high,
        "is_worth_it": verdict.is_worth_it,
        "reason": verdict.reason,
        "is_still_rising": is_still_rising(evidence),
        "alternatives": [asdict(alternative) for alternative in verdict.alternatives],
    }


def _baseline_line(baseline: Baseline, metric: str) -> str:
    size = f"{baseline.params:,} parameters"
    return f"{baseline.name}: {metric} {baseline.validation:.4f} ({size})"


def _trainings_line(evidence: Evidence) -> str:
    trainings = trainings_to_know(evidence.reliability, evidence.children)
    if trainings is None:
        return "no number of trainings up to 64 a finalist makes the winner known"
    verb = "makes" if trainings == 1 else "make"
    each = f"{plural(trainings, 'training')} of each finalist"
    return f"{each} {verb} the winner known with probability 0.9"


def _advice_lines(evidence: Evidence, verdict: Verdict) -> list[str]:
    lines = []
    if is_still_rising(evidence):
        lines.append(
            f"validation {evidence.metric_name} still rises at the end of a training: "
            "raise trainer.epochs first"
        )
    if evidence.sampling_variance > evidence.reliability.noise_sd**2 / 2:
        has_more = evidence.offered_validation > evidence.validation_examples
        remedy = "raise data.val_size" if has_more else "the other parts leave no more of them"
        lines.append(
            f"{evidence.validation_examples:,} validation examples may explain half of the noise "
            f"or more: {remedy}"
        )
    for alternative in verdict.alternatives:
        typed = f" ({alternative.override})" if alternative.override else ""
        lines.append(f"  {alternative.name}{typed}: {100 * alternative.gain:.2f} points")
    return lines


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
