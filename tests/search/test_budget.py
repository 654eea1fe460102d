"""Budgets of children and epochs, asked in each of the ways in which loops ask them."""

from pathlib import Path

import pytest

from pnas.records import ChildResult, Choice, Journal, Status
from pnas.search.budget import (
    STOPPED_BY,
    Budget,
    limit_reached,
    may_continue,
    spent_by,
    trainings_left,
)
from pnas.search.search_parts import is_first_training
from pnas.search.strategies import SearchSpec
from pnas.state_space import StateSpace

CELLS = StateSpace(2, ["3x3 conv", "identity", "3x3 maxpool"], -1).initial_children()


def journal_of(path: Path, trained: int, epochs: int) -> Journal:
    """Return a journal of as many cells as may be chosen, of which some were trained."""
    journal = Journal(path / "journal.sqlite", create=True)
    choices = []
    for number in range(trained + 2):
        choices.append(Choice(CELLS[0], f"key{number}", number, None))
    journal.relax_durability()
    journal.open_stage(1, choices, 0, 0, 0.0)
    metrics = {"loss": [1.0] * epochs}
    for choice in choices[:trained]:
        result = ChildResult(CELLS[0], choice.seed, Status.OK, 0.5, metrics)
        journal.end_child(choice.key, result)
    return journal


@pytest.mark.parametrize(
    ("spec", "epochs", "room"),
    [
        # Shares of limits that floats round down: 0.7 * 360 is 251.99999999999997.
        (SearchSpec(max_epochs=360, confirm=0.3), 12, 21),
        (SearchSpec(max_epochs=90, confirm=0.3), 3, 21),
        (SearchSpec(max_epochs=100, confirm=0.55), 5, 9),
        (SearchSpec(max_children=30, confirm=0.3), 1, 21),
        (SearchSpec(max_children=30, max_epochs=100), 5, 20),
    ],
)
@pytest.mark.parametrize("left", [0, 1])
def test_a_share_has_as_much_room_however_it_is_asked(
    spec: SearchSpec, epochs: int, room: int, left: int, tmp_path: Path
) -> None:
    share = spec.search_share(epochs)
    with journal_of(tmp_path, trained=room - left, epochs=epochs) as journal:
        budget = Budget(spec, journal, epochs=epochs, share=share)
        missing = [child for child in journal.children() if child.ended_at is None]
        assert len(budget.affordable(missing)) == left
        assert budget.children_left() == left
        assert (budget.limit_reached() is None) == bool(left)
        assert (budget.limit_for(missing) is None) == bool(left)

        spent = spent_by(journal, epochs=epochs)
        assert trainings_left(spec, spent, epochs, share) == pytest.approx(left)
        assert (limit_reached(spec, spent, epochs, share) is None) == bool(left)


@pytest.mark.parametrize(
    ("spec", "limit"),
    [
        (SearchSpec(max_children=20, confirm=0.1), "search.max_children=20"),
        (SearchSpec(max_epochs=60, confirm=0.0), "search.max_epochs=60"),
    ],
)
def test_a_larger_share_for_first_trainings_keeps_the_limit_of_all(
    spec: SearchSpec, limit: str, tmp_path: Path
) -> None:
    """As after a confirmation whose share a later command makes smaller."""
    with journal_of(tmp_path, trained=14, epochs=3) as journal:
        further = [Choice(CELLS[0], f"key0-{repeat}", repeat, None) for repeat in range(2, 8)]
        journal.open_stage(2, further, 0, 0, 0.0)
        for choice in further[:5]:
            result = ChildResult(CELLS[0], choice.seed, Status.OK, 0.5, {"loss": [1.0] * 3})
            journal.end_child(choice.key, result)
        journal.set_meta(**{STOPPED_BY: limit})

        budget = Budget(
            spec, journal, epochs=3, share=spec.search_share(3), counts=is_first_training
        )
        missing = [child for child in journal.children(1) if child.ended_at is None]
        assert len(budget.affordable(missing)) == budget.children_left() == 1
        assert budget.limit_reached() is None
        assert may_continue(spec, journal, 3, is_first_training)

        result = ChildResult(CELLS[0], 7, Status.OK, 0.5, {"loss": [1.0] * 3})
        journal.end_child(further[5].key, result)
        budget.count(journal.child(further[5].key))
        assert budget.affordable(missing) == []
        assert budget.limit_reached() == budget.limit_for(missing) == limit
        assert not may_continue(spec, journal, 3, is_first_training)
        budget.recount()
        assert budget.children_left() == 0
