"""The two parts of a search: which trainings belong to its confirmation, and how many there are."""

from collections.abc import Sequence

from pnas.records import ChildRecord, Journal
from pnas.records.cell_trainings import group_by_cell, is_repeated, rewarded
from pnas.records.plan_facts import CONFIRMATION_STOPPED_BY
from pnas.search.budget import (
    STOPPED_BY,
    count_limits,
    limit_reached,
    seconds_limit,
    spent_by,
    trainings_left,
)
from pnas.search.confirmation.finalist_record import FinalistRecord
from pnas.search.confirmation.further_trainings import is_confirmation_stage
from pnas.search.confirmation.halving import num_finalists
from pnas.search.strategies import SearchSpec
from pnas.search.strategies.budget_shares import whole_part
from pnas.search.training_cost import TrainingCost


def is_first_training(child: ChildRecord) -> bool:
    """Whether ``child`` is the first training of its cell, which belongs to the search itself."""
    return not is_repeated(child)


def is_search_stage(children: Sequence[ChildRecord]) -> bool:
    """Whether a stage with these children belongs to the search itself."""
    return not is_confirmation_stage(children)


def share_of_search(spec: SearchSpec, journal: Journal, epochs: float = 1.0) -> float:
    """Return the share of its limits that a search which has ended had before its confirmation.

    It had all of them if there was none: another look at a cell of a table may find nothing new.
    """
    return spec.search_share(epochs) if FinalistRecord(journal).has_begun else 1.0


def may_confirm(
    spec: SearchSpec,
    journal: Journal,
    epochs: float = 1.0,
    counts_children: bool = False,
) -> bool:
    """Whether a search that ended has room for more confirmation than it had.

    That is so if it asks for more, or if a budget had ended the one that it had.

    Args:
        spec: Settings of the search, whose ``search.confirm`` may be larger than before.
        journal: Journal of the search.
        epochs: Number of epochs that one child is trained for.
        counts_children: See `pnas.search.Budget`.
    """
    searched = group_by_cell(journal.children())
    wanted = num_confirmations(spec, journal, epochs)
    # Earlier versions did not keep how many trainings a confirmation was given.
    had = FinalistRecord(journal).trainings_given(default=wanted)
    # Nor did they give it all of what rounding and rungs had left of the budget.
    earlier = (round(_share_of_searched(spec, journal, epochs)), spec.confirmations(epochs))
    is_more = wanted > had and had not in earlier
    is_asked_for = is_more or _is_confirmation_cut_short(spec, journal)
    if not is_asked_for or not num_finalists(wanted, len(rewarded(searched))):
        return False
    spent = spent_by(journal, epochs=epochs, counts_children=counts_children)
    return limit_reached(spec, spent, epochs) is None


def _is_confirmation_cut_short(spec: SearchSpec, journal: Journal) -> bool:
    """Whether a budget ended the confirmation that may be another one now."""
    stopped_by = journal.meta(CONFIRMATION_STOPPED_BY)
    if stopped_by is None:
        return False
    # What is left of a time that ended it was too short for another child.
    return spec.max_seconds is None or stopped_by != seconds_limit(spec)


def num_confirmations(spec: SearchSpec, journal: Journal, epochs: float = 1.0) -> int:
    """Return the number of further trainings of all confirmations of a search together.

    A search that its number of trainings or epochs has ended leaves the rest of it to the
    confirmation, and with rungs what is too little for another round of short trainings. Of one
    that ended otherwise, what it had is 1 - ``search.confirm`` of all.
    """
    left = spec.confirmations(epochs)
    if left is not None and journal.meta(STOPPED_BY) in count_limits(spec):
        spent = spent_by(journal, is_first_training, epochs)
        return max(left, int(whole_part(trainings_left(spec, spent, epochs))))
    return round(_share_of_searched(spec, journal, epochs))


def _share_of_searched(spec: SearchSpec, journal: Journal, epochs: float) -> float:
    """Return the share of a confirmation, in trainings, from those of the search itself."""
    ended = 0.0
    cost = TrainingCost(journal, epochs)
    for child in journal.children():
        if child.ended_at is not None and is_first_training(child):
            ended += cost.share(child)
    return ended * spec.confirm_share(epochs) / spec.search_share(epochs)
