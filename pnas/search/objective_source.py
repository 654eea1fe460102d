"""`ObjectiveSource`: where a search has the values of its objectives from.

What is known before training comes from the counts of a cell's network or from a table; what is
measured comes from the children that have ended.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pnas.objectives import Facts, Objective, ObjectiveSet
from pnas.objectives.dominance import Points
from pnas.state_space import Cell

GetFacts = Callable[[Cell], Facts]


@dataclass(frozen=True)
class ObjectiveSource:
    """The objectives of a search, and what is known of cells.

    Attributes:
        objectives: The objectives.
        before: Returns what is known of a cell before its training.
        after: Returns what is known of a cell whose child has ended; without a reward, if it
            failed.
    """

    objectives: ObjectiveSet
    before: GetFacts
    after: GetFacts

    def known_before(self) -> dict[str, Objective]:
        """Return the objectives that are known before training."""
        by_name = self.objectives.by_name
        return {name: each for name, each in by_name.items() if each.is_known_before}

    def outcomes(self, rewarded: Sequence[tuple[Cell, float]]) -> "Outcomes":
        """Return what came of cells that have a reward.

        Args:
            rewarded: Cells with their rewards, as the strategy learned them. A cell of which an
                objective is not known is left out, and so is one whose child failed: the reward
                that it counts as (``search.failed_reward``) is no reward of its own.
        """
        cells = []
        facts = []
        values = []
        for cell, reward in rewarded:
            after = self.after(cell)
            if after.reward is None:
                continue
            of_cell = replace(after, reward=reward)
            known = self.objectives.values(of_cell)
            if known is not None:
                cells.append(cell)
                facts.append(of_cell)
                values.append(known)
        return Outcomes(self.objectives, cells, facts, values)


@dataclass(frozen=True)
class Outcomes:
    """Values of the objectives of cells that were trained.

    Attributes:
        objectives: The objectives.
        cells: The cells.
        facts: What is known of each.
        values: Values of each by name.
    """

    objectives: ObjectiveSet
    cells: Sequence[Cell]
    facts: Sequence[Facts]
    values: Sequence[Mapping[str, float]]

    @property
    def points(self) -> Points:
        """One gain for each objective, (n, objectives)."""
        return self.objectives.points(self.values)

    def column(self, name: str) -> list[float]:
        """Return the value of one objective of each cell."""
        return [each[name] for each in self.values]
