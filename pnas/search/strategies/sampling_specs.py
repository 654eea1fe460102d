"""Settings of searches that sample cells of full size: random search and evolution."""

from dataclasses import dataclass, replace
from typing import ClassVar

from pnas.errors import require
from pnas.search.strategies.planned_phase import PlannedPhase
from pnas.search.strategies.search_spec import SearchSpec
from pnas.state_space import SlotSpace
from pnas.validation import flag, integer, setting, text

_COUNT = integer(minimum=1, maximum=100_000)
"""Of cells of one stage: more are no plan, and would take gigabytes before the first is trained."""


@dataclass(frozen=True)
class RandomSpec(SearchSpec):
    """``search=random``: cells of B blocks, uniform over the unique ones.

    Attributes:
        batch: Number of children of one stage.
        asynchronous: Whether a child is chosen whenever a worker is idle, without waiting for those
            in training. A stage is then what is chosen one after the other.
    """

    kind: str = setting("random", text())
    batch: int = setting(8, _COUNT)
    asynchronous: bool = setting(False, flag())

    ends_by_itself: ClassVar[bool] = False

    @property
    def is_asynchronous(self) -> bool:
        """See `SearchSpec.is_asynchronous`."""
        return self.asynchronous

    @property
    def round_size(self) -> int:
        """See `SearchSpec.round_size`."""
        return self.batch

    @property
    def can_lose_a_stage(self) -> bool:
        """See `SearchSpec.can_lose_a_stage`."""
        return not self.rungs

    def widened(self, factor: int) -> "RandomSpec":
        """See `SearchSpec.widened`. At least one cell of a stage is to go on from each rung."""
        return replace(self, batch=max(self.batch, factor))

    def _search_phases(
        self, space: SlotSpace, K: int | None, first: int | None
    ) -> list[PlannedPhase]:
        """See `SearchSpec.phases`."""
        return [PlannedPhase(f"random cells, {_pace(self)}", space.B, None)]


@dataclass(frozen=True)
class EvolutionSpec(SearchSpec):
    """``search=evolution``: regularized evolution (Real et al., arXiv 1802.01548).

    Attributes:
        population: Number of random cells to begin with, and of children alive, which are the ones
            trained last.
        sample: Number of living children among which the best becomes a parent.
        batch: Number of children of one stage; the next stage's parents may be among them.
        asynchronous: Whether a child is chosen whenever a worker is idle, with parents among those
            that have ended by then. A stage is then what is chosen one after the other.
    """

    kind: str = setting("evolution", text())
    population: int = setting(20, _COUNT)
    sample: int = setting(5, _COUNT)
    batch: int = setting(8, _COUNT)
    asynchronous: bool = setting(False, flag())

    ends_by_itself: ClassVar[bool] = False

    @property
    def is_asynchronous(self) -> bool:
        """See `SearchSpec.is_asynchronous`."""
        return self.asynchronous

    @property
    def round_size(self) -> int:
        """See `SearchSpec.round_size`."""
        return self.batch

    @property
    def can_lose_a_stage(self) -> bool:
        """See `SearchSpec.can_lose_a_stage`."""
        return not self.rungs

    def whole_stages(self, space: SlotSpace) -> int:
        """See `SearchSpec.whole_stages`."""
        return 1

    def __post_init__(self) -> None:
        """Check the values; see `SearchSpec`."""
        super().__post_init__()
        rule = f"must be at most search.population={self.population}"
        require(self.sample <= self.population, "search.sample", rule, self.sample)

    def widened(self, factor: int) -> "EvolutionSpec":
        """See `SearchSpec.widened`. At least one cell of a stage is to go on from each rung."""
        return replace(self, batch=max(self.batch, factor))

    def first_children(self, space: SlotSpace) -> int:
        """See `SearchSpec.first_children`."""
        return self.population

    def _search_phases(
        self, space: SlotSpace, K: int | None, first: int | None
    ) -> list[PlannedPhase]:
        """See `SearchSpec.phases`."""
        return [
            PlannedPhase("random cells", space.B, self.population),
            PlannedPhase(f"mutations, {_pace(self)}", space.B, None),
        ]


def _pace(spec: RandomSpec | EvolutionSpec) -> str:
    """Return how many children are chosen at a time."""
    return "one by one" if spec.asynchronous else f"{spec.batch} a stage"
