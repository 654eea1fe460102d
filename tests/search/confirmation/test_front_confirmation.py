"""The confirmation of a front: the cells whose membership is uncertain are trained again."""

from support.made_journals import one_block_cells

from pnas.objectives import make_objectives
from pnas.search.confirmation.front_confirmation import FrontConfirmation
from pnas.search.confirmation.further_trainings import Room, SearchedCell
from pnas.search.strategies.base import ClosedStage, OpenStage, SearchHistory

OBJECTIVES = make_objectives(["reward", "params"])
CELLS = one_block_cells(5)
REWARDS = (0.2, 0.9, 0.89, 0.3, 0.1)
PARAMS = (1, 5, 5, 6, 7)
"""The first is the cheapest; the next two cost the same, the last two more for less."""


def confirmation(
    trainings: int = 12, history: SearchHistory | None = None, room: Room | None = None
) -> FrontConfirmation:
    order = (1, 2, 0, 3, 4)
    values = {
        cell: {"reward": 0.0, "params": each} for cell, each in zip(CELLS, PARAMS, strict=True)
    }
    return FrontConfirmation(
        searched=[SearchedCell(CELLS[i], [REWARDS[i]]) for i in order],
        objectives=OBJECTIVES,
        values=values,
        trainings=trainings,
        confidence=0.9,
        seed=0,
        history=history or SearchHistory(),
        room=room,
    )


def run(strategy: FrontConfirmation, stages: int = 20) -> list[ClosedStage]:
    """Train with a noise of 0.02 that depends on the round."""
    done = []
    while len(done) < stages and (proposal := strategy.ask()) is not None:
        noise = 0.02 if len(done) % 2 else -0.02
        rewards = []
        for cell in proposal.cells:
            rewards.append(REWARDS[CELLS.index(cell)] + noise)
        strategy.tell(rewards)
        done.append(ClosedStage(list(proposal.cells), rewards))
    return done


def test_trainings_go_to_the_cells_whose_membership_is_uncertain() -> None:
    stages = run(confirmation())
    trained = [cell for stage in stages for cell in stage.cells]
    later = [cell for stage in stages[1:] for cell in stage.cells]
    assert len(trained) <= 12
    # The cheapest is on the front whatever its reward is, and the last two never are.
    assert set(later) <= {CELLS[1], CELLS[2]}


def test_no_more_is_trained_than_there_is_room_for() -> None:
    for trainings in (0, 1, 2, 5):
        trained = [cell for stage in run(confirmation(trainings)) for cell in stage.cells]
        assert len(trained) <= trainings


def test_the_last_round_is_as_long_as_there_is_time_for() -> None:
    left = iter((9, 2, 0))
    strategy = confirmation(room=lambda cells: next(left))
    stages = run(strategy)
    assert [len(stage.cells) for stage in stages] == [3, 2]


def test_each_further_training_has_a_number_of_its_own() -> None:
    strategy = confirmation()
    seen = set()
    while (proposal := strategy.ask()) is not None:
        assert proposal.repeats is not None
        for cell, repeat in zip(proposal.cells, proposal.repeats, strict=True):
            assert repeat > 1
            assert (cell, repeat) not in seen
            seen.add((cell, repeat))
        strategy.tell([REWARDS[CELLS.index(cell)] for cell in proposal.cells])


def test_it_goes_on_from_its_history_as_the_one_that_ran() -> None:
    whole = run(confirmation())
    for number in range(len(whole)):
        before = whole[:number]
        resumed = confirmation(history=SearchHistory(before, OpenStage(whole[number].cells, None)))
        resumed.tell(whole[number].rewards)
        following = resumed.ask()
        expected = whole[number + 1].cells if number + 1 < len(whole) else None
        assert (None if following is None else list(following.cells)) == expected


def test_it_is_over_when_nothing_is_uncertain() -> None:
    strategy = confirmation(trainings=0)
    assert strategy.is_over()
    assert strategy.ask() is None


def test_the_cell_that_is_named_is_trained_again_however_certain_its_place_is() -> None:
    # The first round goes by the order of the cells; it has room for two of them.
    strategy = FrontConfirmation(
        searched=[SearchedCell(CELLS[i], [REWARDS[i]]) for i in (0, 3, 4, 1, 2)],
        objectives=OBJECTIVES,
        values={
            cell: {"reward": 0.0, "params": each} for cell, each in zip(CELLS, PARAMS, strict=True)
        },
        trainings=8,
        confidence=0.9,
        seed=0,
    )
    first = strategy.ask()
    assert first is not None
    assert first.cells == [CELLS[1], CELLS[0]]
