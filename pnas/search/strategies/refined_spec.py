"""Settings of ``search=refined``, and of ``search=mixed``, which is the same with another start."""

from dataclasses import dataclass, replace
from typing import ClassVar

from pnas.search.strategies.growing_specs import ProgressiveSpec
from pnas.search.strategies.planned_phase import PlannedPhase
from pnas.state_space import SlotSpace
from pnas.validation import choice, flag, integer, number, setting, text

_COUNT = integer(minimum=1, maximum=100_000)
"""Of cells of one stage: more are no plan, and would take gigabytes before the first is trained."""

_POOL = integer(minimum=1, maximum=10_000_000)

_WHOLE_OF_ROUND = 2
"""Whole trainings of a round with rungs; fewer rounds of more learn less.

docs/strategies_compared.md has what was measured.
"""

_SAMPLED_FIRST = 8
"""Cells of one block in a sample: more of them pay less than cells of full size."""


@dataclass(frozen=True)
class RefinedSpec(ProgressiveSpec):
    """``search=refined``: a progressive search that goes on in rounds at full size.

    Attributes:
        start: What the rounds begin from. ``beam``: the stages of the progressive search, from all
            cells of one block. ``sample``: the same from a sample of them. ``mixed``: one stage of
            a sample of the cells of one block and random cells of full size.
        first: Number of cells of one block in a sample; None for 8, or as many as there are. With
            ``start=beam`` a number has the meaning of ``start=sample``, which it had first.
        first_full: Number of random cells of full size of ``start=mixed``.
        refine: Number of children of a round. After the last growing stage the predictor chooses
            them among cells of B blocks, until the budget is spent.
        refine_pool: Largest number of cells of B blocks that a round scores whole. In a larger
            space a round scores the mutations of the best cells and this many candidates of the
            last growing stage.
        refine_parents: Number of best cells whose mutations a round scores.
        asynchronous: Whether in place of rounds a child is chosen whenever a worker is idle, with
            those in training counted as expected. The growing stages remain as they are; a round
            is then what is chosen one after the other.
    """

    kind: str = setting("refined", text())
    start: str = setting("beam", choice("beam", "sample", "mixed"))
    first_full: int = setting(12, _COUNT)
    uncertainty: float = setting(1.0, number(minimum=0))
    refine: int = setting(5, _COUNT)
    refine_pool: int = setting(50_000, _POOL)
    refine_parents: int = setting(20, _COUNT)
    asynchronous: bool = setting(False, flag())

    ends_by_itself: ClassVar[bool] = False

    @property
    def is_asynchronous(self) -> bool:
        """See `SearchSpec.is_asynchronous`."""
        return self.asynchronous

    @property
    def round_size(self) -> int:
        """See `SearchSpec.round_size`."""
        return self.refine

    @property
    def can_lose_a_stage(self) -> bool:
        """See `SearchSpec.can_lose_a_stage`. Each growing stage extends the one before it."""
        return self.start == "mixed" and not self.rungs

    def whole_stages(self, space: SlotSpace) -> int:
        """See `SearchSpec.whole_stages`."""
        return self.growing_stages(space)

    def growing_stages(self, space: SlotSpace) -> int:
        """Return the number of stages before the rounds."""
        return 1 if self.start == "mixed" else space.B

    def sampled_first(self, space: SlotSpace) -> int | None:
        """Return the number of cells of one block of stage 1; None for all of them."""
        if self.start == "beam" or self.first is not None:
            return self.first
        return min(_SAMPLED_FIRST, space.num_cells(1))

    def sampled_full(self, space: SlotSpace) -> int:
        """Return the number of random cells of full size of stage 1."""
        if self.start != "mixed" or space.B == 1:
            return 0
        return min(self.first_full, space.num_cells(space.B))

    def samples_full_size(self, space: SlotSpace) -> bool:
        """See `SearchSpec.samples_full_size`."""
        return self.sampled_full(space) > 0

    def first_children(self, space: SlotSpace) -> int:
        """See `SearchSpec.first_children`."""
        first = self.sampled_first(space)
        of_one_block = space.num_cells(1) if first is None else first
        return of_one_block + self.sampled_full(space)

    def widened(self, factor: int) -> "RefinedSpec":
        """See `SearchSpec.widened`. Two cells of a round, at least, are to be trained whole."""
        return replace(self, refine=max(self.refine, _WHOLE_OF_ROUND * factor))

    def num_stages(self, space: SlotSpace) -> int | None:
        """See `SearchSpec.num_stages`."""
        return None

    def _search_phases(
        self, space: SlotSpace, K: int | None, first: int | None
    ) -> list[PlannedPhase]:
        """See `SearchSpec.phases`."""
        pool = min(space.num_cells(space.B), self.refine_pool)
        name = "full size, one by one" if self.asynchronous else f"rounds of {self.refine}"
        rounds = PlannedPhase(name, space.B, None, candidates=pool)
        if self.start != "mixed":
            return [*super()._search_phases(space, K, first), rounds]
        small = self.sampled_first(space) or 0
        start = [
            PlannedPhase("start, small cells", 1, small if first is None else min(small, first))
        ]
        if self.sampled_full(space):
            start.append(PlannedPhase("start, full size", space.B, self.sampled_full(space)))
        return [*start, rounds]
