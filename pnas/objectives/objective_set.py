"""`ObjectiveSet`: the objectives of one search, and points of cells among them.

A point holds one gain for each objective: the value itself where it is maximised, its negative
where it is minimised, so that higher is better everywhere.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pnas.objectives.dominance import Points, hypervolume
from pnas.objectives.objective import Facts, Objective

Values = Mapping[str, float]
"""A value of each objective by its name."""


@dataclass(frozen=True)
class ObjectiveSet:
    """Several objectives.

    Attributes:
        by_name: The objectives by name, in the order of the configuration.
    """

    by_name: Mapping[str, Objective]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the objectives."""
        return tuple(self.by_name)

    @property
    def are_several(self) -> bool:
        """Whether there is more than one objective."""
        return len(self.by_name) > 1

    @property
    def signs(self) -> Points:
        """1 for each objective that is maximised, -1 for the others, (objectives,)."""
        signs = [1.0 if each.is_maximised else -1.0 for each in self.by_name.values()]
        return np.asarray(signs)

    def values(self, facts: Facts) -> dict[str, float] | None:
        """Return the value of each objective of a cell; None if one is not known."""
        values = {}
        for name, objective in self.by_name.items():
            value = objective.value(facts)
            if value is None:
                return None
            values[name] = float(value)
        return values

    def points(self, values: Sequence[Values]) -> Points:
        """Return the points of ``values``, (n, objectives)."""
        rows = [[each[name] for name in self.by_name] for each in values]
        return np.asarray(rows, np.float64).reshape(-1, len(self.by_name)) * self.signs

    def reference(
        self,
        first: Sequence[tuple[Facts, Values]],
        B: int,
        stated: Mapping[str, float] | None = None,
    ) -> dict[str, float] | None:
        """Return the reference point of hypervolumes, which the first stage decides for good.

        Where an objective is maximised it is the median of the first stage's cells: nobody wants
        what is cheap and worse than that. Where it is minimised it is their highest value, which
        grows with the cell, so that the value of a cell of b blocks counts B / b times.

        Args:
            first: Facts and values of the first stage's cells.
            B: Number of blocks of the largest cells.
            stated: Values by name that hold in place of those of the first stage.
        """
        if not first:
            return None
        given = stated or {}
        corner = {}
        for name, objective in self.by_name.items():
            if name in given:
                corner[name] = float(given[name])
            elif objective.is_maximised:
                corner[name] = statistics.median(values[name] for _, values in first)
            else:
                grown = [values[name] * B / len(facts.cell) for facts, values in first]
                corner[name] = max(grown)
        return corner

    def hypervolume(self, values: Sequence[Values], reference: Values) -> float:
        """Return the hypervolume of ``values`` over ``reference``.

        Objectives that are minimised count as a share of the reference, so that the hypervolume
        does not depend on their unit.
        """
        corner = self.points([reference])[0]
        scale = self._scale(reference)
        return hypervolume(self.points(values) / scale, corner / scale)

    def _scale(self, reference: Values) -> Points:
        scale = []
        for name, objective in self.by_name.items():
            has_own_unit = not objective.is_maximised and reference[name] != 0
            scale.append(abs(reference[name]) if has_own_unit else 1.0)
        return np.asarray(scale)
