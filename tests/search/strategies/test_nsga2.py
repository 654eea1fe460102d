"""The population of a multi-objective evolution, stage by stage."""

from collections import Counter

from pnas.objectives import Facts, make_objectives
from pnas.search.objective_source import ObjectiveSource
from pnas.search.strategies.base import ClosedStage
from pnas.search.strategies.nsga2 import Population
from pnas.state_space import Cell, StateSpace

CELLS = StateSpace(1).initial_children()[:6]
PARAMS = [10, 20, 30, 40, 50, 60]
STAGES = [
    ClosedStage(CELLS[0:2], [0.5, 0.6]),
    ClosedStage(CELLS[2:4], [0.4, 0.9]),
    ClosedStage(CELLS[4:6], [0.95, None]),
]


def made_population(size: int = 3) -> tuple[Population, Counter[Cell]]:
    """Return a population of cells with `PARAMS`, and how often each was looked at."""
    looks: Counter[Cell] = Counter()

    def facts(cell: Cell) -> Facts:
        looks[cell] += 1
        return Facts(cell, params=PARAMS[CELLS.index(cell)], reward=0.5)

    source = ObjectiveSource(make_objectives(["reward", "params"]), facts, facts)
    return Population(source, size), looks


def test_the_best_of_each_stage_and_of_those_before_survive() -> None:
    population, _ = made_population()
    alive = [cell for cell, _ in population.after(STAGES)]
    # The third cell is beaten in both. Of the other four the ends of the front stay, and of those
    # between them the lonelier: distances .4 / .45 + 30 / 40 against .35 / .45 + 30 / 40.
    assert set(alive) == {CELLS[0], CELLS[1], CELLS[4]}


def test_stages_that_are_known_are_not_looked_at_again() -> None:
    population, looks = made_population()
    for number in range(1, len(STAGES) + 1):
        population.after(STAGES[:number])
    assert looks[CELLS[2]] == 1
    again, _ = made_population()
    assert population.after(STAGES) == again.after(STAGES)


def test_other_stages_than_those_known_begin_anew() -> None:
    population, _ = made_population()
    population.after(STAGES)
    other = [ClosedStage(CELLS[0:2], [0.7, 0.6]), *STAGES[1:]]
    again, _ = made_population()
    assert population.after(other) == again.after(other)
    assert population.after(STAGES[:1]) == again.after(STAGES[:1])
