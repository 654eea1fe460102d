"""What a training that is known already would have been, had it been stopped early."""

from dataclasses import replace

from pnas.records.child_records import ChildResult, Status
from pnas.records.stop_rule import StopRule
from pnas.records.training_curve import first_epochs, trained_epochs


def as_stopped(result: ChildResult, rule: StopRule | None) -> ChildResult:
    """Return the whole training ``result`` as ``rule`` would have left it.

    A training that is known already - from a cache or a table - is then worth to a search what it
    would have been worth if the search had trained it.
    """
    if rule is None or result.status is not Status.OK:
        return result
    epoch = rule.stop_epoch(result.metrics)
    if epoch is None:
        return result
    share = epoch / trained_epochs(result.metrics)
    return replace(
        result,
        status=Status.STOPPED,
        reward=None,
        metrics=first_epochs(result.metrics, epoch),
        seconds=share * result.seconds,
    )
