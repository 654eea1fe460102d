"""Reading the history of a search from its journal, as strategies are built from it."""

from collections.abc import Callable, Mapping, Sequence

from pnas.records import ChildRecord, Journal, StageRecord, Status
from pnas.records.cell_trainings import cell_key, is_repeated, short_epochs
from pnas.search.early_stop.expectation import ExpectedRewards
from pnas.search.short_training import signals_of
from pnas.search.strategies.base import ClosedStage, OpenStage, Reward, SearchHistory


class RewardPolicy:
    """The rewards that a strategy learns, where some children have failed or were stopped early.

    A child that was stopped early has the reward that is expected of it. Stages are to be passed in
    their order: what was known before them is remembered.

    Args:
        failed_reward: ``exclude``, for no reward of a failed child; or ``worst``, for the lowest
            reward of the search so far.
    """

    def __init__(self, failed_reward: str) -> None:
        self._gives_worst = failed_reward == "worst"
        self._lowest: float | None = None
        self._expected = ExpectedRewards()

    def rewards(self, children: Sequence[ChildRecord]) -> list[Reward]:
        """Return the reward of each child of a stage that has ended."""
        known = [child.reward for child in children if child.reward is not None]
        if self._lowest is not None:
            known.append(self._lowest)
        self._lowest = min(known, default=None)
        expected = self._expected.of_stage(children)
        return [self._reward(child, expected) for child in children]

    def _reward(self, child: ChildRecord, expected: Mapping[str, float]) -> Reward:
        if child.status is Status.STOPPED:
            return expected[child.key]
        if child.has_failed and self._gives_worst:
            return self._lowest
        return child.reward


StageFilter = Callable[[Sequence[ChildRecord]], bool]
"""Says by its children whether a stage of the journal belongs to the loop that asks."""


def every_stage(children: Sequence[ChildRecord]) -> bool:
    """Take every stage of the journal."""
    return True


def own_stages(journal: Journal, owns: StageFilter) -> list[StageRecord]:
    """Return the stages of ``journal`` that ``owns`` takes, in order."""
    return [stage for stage in journal.stages() if owns(journal.children(stage.b))]


def read_history(
    journal: Journal, policy: RewardPolicy, owns: StageFilter = every_stage
) -> SearchHistory:
    """Return what ``journal`` knows of the search, with the rewards of ``policy``."""
    closed: list[ClosedStage] = []
    for stage in own_stages(journal, owns):
        children = journal.children(stage.b)
        cells = [child.cell for child in children]
        predictions = _predictions(children)
        epochs = short_epochs(children[0].key) if children else None
        if stage.closed_at is None:
            return SearchHistory(closed, OpenStage(cells, predictions, epochs))
        signals = None if epochs is None else [signals_of(child) for child in children]
        rewards = policy.rewards(children)
        closed.append(ClosedStage(cells, rewards, predictions, epochs, signals))
    return SearchHistory(closed)


FEWEST_REWARDS = 2
"""Rewards of different cells below which a predictor has nothing to learn from."""


def has_enough_to_learn(journal: Journal) -> bool:
    """Whether ``journal`` has the rewards of two cells, which a predictor needs.

    Further trainings count for nothing: they are of cells that have a reward, and a search that was
    stopped in its confirmation is to learn what it had learned before that. Short trainings count,
    unless the whole one of the cell failed.
    """
    succeeded = set()
    failed = set()
    for child in journal.children():
        if is_repeated(child):
            continue
        if child.status is Status.OK:
            succeeded.add(cell_key(child.key))
        elif child.has_failed:
            failed.add(cell_key(child.key))
    return len(succeeded - failed) >= FEWEST_REWARDS


def _predictions(children: Sequence[ChildRecord]) -> list[float] | None:
    """Return what was predicted of the children of a stage: of all of them, or of none."""
    predictions = [child.predicted for child in children if child.predicted is not None]
    return predictions or None
