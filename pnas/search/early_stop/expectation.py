"""The reward that a stopped training is expected to have had: what a strategy learns of it."""

from collections.abc import Sequence

from pnas.records import ChildRecord, Status
from pnas.records.training_curve import curve_point, trained_epochs
from pnas.search.early_stop.curves import evidence_after, with_curves
from pnas.search.expected_reward import expected_rewards


class ExpectedRewards:
    """Expects the rewards of stopped children; stages are to be passed in their order.

    What was expected when a stage ended stays as it was, so that a strategy that is built from a
    journal has learned what one has that was there.
    """

    def __init__(self) -> None:
        self._known: list[ChildRecord] = []

    def of_stage(self, children: Sequence[ChildRecord]) -> dict[str, float]:
        """Return the expected reward of each stopped child of a stage that has ended, by key."""
        self._known.extend(with_curves(children))
        stopped = [child for child in children if child.status is Status.STOPPED]
        expected: dict[str, float] = {}
        for epoch in sorted({trained_epochs(child.metrics) for child in stopped}):
            of_epoch = [child for child in stopped if trained_epochs(child.metrics) == epoch]
            by_key = self._after(epoch)
            expected.update((child.key, by_key[child.key]) for child in of_epoch)
        return expected

    def _after(self, epoch: int) -> dict[str, float]:
        """Return the expected reward of each training that was validated after ``epoch``."""
        evidence = evidence_after(epoch, self._known)
        rewards = expected_rewards(evidence).tolist()
        keys = [child.key for child in self._known if _was_validated(child, epoch)]
        return dict(zip(keys, rewards, strict=True))


def _was_validated(child: ChildRecord, epoch: int) -> bool:
    return curve_point(child.metrics, epoch) is not None
