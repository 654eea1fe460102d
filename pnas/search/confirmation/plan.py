"""`ConfirmationPlan`: what a confirmation goes by from its first round to its last."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pnas.records import ChildRecord, Journal
from pnas.records.cell_trainings import CellTrainings
from pnas.search.confirmation.finalist_record import FinalistRecord
from pnas.search.confirmation.further_trainings import (
    Room,
    SearchedCell,
    is_confirmation_stage,
)
from pnas.search.confirmation.halving import MOST_FINALISTS

Rank = Callable[[list[CellTrainings], int], list[CellTrainings]]
"""Orders the cells of a search of some stages, most promising first."""


@dataclass(frozen=True)
class ConfirmationPlan:
    """What was decided before the first round; a search that was killed goes on from it.

    Attributes:
        ranked: The cells that have a reward, most promising first.
        begins_after: Stage after which the rounds begin.
        trainings: Number of further trainings.
        room: Returns how many of them there is time for now; None where time is no limit.
    """

    ranked: Sequence[CellTrainings]
    begins_after: int
    trainings: int
    room: Room | None = None

    @property
    def searched(self) -> list[SearchedCell]:
        """The ranked cells, as they were before the first round."""
        return [SearchedCell.before(each, self.begins_after) for each in self.ranked]

    def owns(self, children: Sequence[ChildRecord]) -> bool:
        """Whether a stage with these children is a round of this confirmation."""
        return is_confirmation_stage(children) and children[0].b > self.begins_after


def plan_confirmation(
    journal: Journal,
    searched: Sequence[CellTrainings],
    trainings: int,
    rank: Rank,
    room: Room | None = None,
) -> ConfirmationPlan:
    """Return the plan that ``journal`` has of a confirmation of these cells, or make one.

    Args:
        journal: Journal of the search.
        searched: All cells of the search.
        trainings: Number of further trainings.
        rank: Orders the cells that have a reward.
        room: See `ConfirmationPlan`.
    """
    record = FinalistRecord(journal)
    record.begin(searched, trainings)
    ranked = record.ranked(searched, rank)
    promising = [each.cell for each in ranked[:MOST_FINALISTS]]
    count_in_time = None if room is None else partial(room, promising)
    return ConfirmationPlan(
        ranked=ranked,
        begins_after=record.after,
        trainings=record.trainings(count_in_time),
        room=room,
    )
