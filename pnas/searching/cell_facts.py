"""`CellFacts`: what a search knows of cells before it trains them, and what it can measure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pnas.objectives import LATENCY, Objective
from pnas.search.objective_source import GetFacts


@dataclass(frozen=True)
class CellFacts:
    """What is known of cells before they are trained.

    Attributes:
        before: Returns what is known of a cell.
        columns: Further columns of a table, each with ``maximise`` or ``minimise``.
        rule: What an objective must be to be known, as error messages say it.
        measures: Whether latency can be measured; a table can only know it.
        ranges: Lowest and highest value of objectives in a table, by name.
    """

    before: GetFacts
    columns: Mapping[str, str] = field(default_factory=dict)
    rule: str = "known of every cell"
    measures: bool = True
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def is_known(self, name: str, objective: Objective) -> bool:
        """Whether an objective that is not known before training is known after it."""
        if self.measures:
            return True
        if name == "train_seconds":
            return name in self.ranges
        return not objective.is_measured or name in self.columns

    def is_measured(self, name: str, objective: Objective) -> bool:
        """Whether the value of a cell can be had for less than its training."""
        if name in self.columns:
            return True
        return self.measures and objective.is_measured and name == LATENCY
