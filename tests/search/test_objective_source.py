"""What came of cells, in all objectives."""

from pnas.objectives import Facts, make_objectives
from pnas.objectives.dominance import non_dominated
from pnas.search.objective_source import ObjectiveSource
from pnas.state_space import StateSpace

CELLS = StateSpace(2).initial_children()[:3]


def source(*known: Facts) -> ObjectiveSource:
    """Return a source of reward and seconds that knows these facts of trained cells."""
    by_cell = {facts.cell: facts for facts in known}
    objectives = make_objectives(["reward", "train_seconds"])
    return ObjectiveSource(objectives, before=Facts, after=by_cell.__getitem__)


def test_a_failed_child_is_no_cheap_cell_of_the_front() -> None:
    good = Facts(CELLS[0], seconds=20.0, reward=0.9)
    fair = Facts(CELLS[1], seconds=15.0, reward=0.8)
    failed = Facts(CELLS[2], seconds=0.4)
    # It counts as the worst reward so far (search.failed_reward=worst).
    rewarded = list(zip(CELLS, [0.9, 0.8, 0.8], strict=True))
    outcomes = source(good, fair, failed).outcomes(rewarded)
    assert outcomes.cells == CELLS[:2]
    assert non_dominated(outcomes.points).all()


def test_the_reward_is_the_one_that_the_strategy_learned() -> None:
    outcomes = source(Facts(CELLS[0], seconds=20.0, reward=0.9)).outcomes([(CELLS[0], 0.7)])
    assert outcomes.column("reward") == [0.7]


def test_a_cell_of_which_an_objective_is_not_known_is_left_out() -> None:
    outcomes = source(Facts(CELLS[0], reward=0.9)).outcomes([(CELLS[0], 0.9)])
    assert outcomes.cells == []
