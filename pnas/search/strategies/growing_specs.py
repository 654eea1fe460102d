"""Settings of searches whose cells grow by one block from stage to stage."""

from dataclasses import dataclass
from typing import ClassVar

from pnas.errors import InvalidValue, require
from pnas.search.strategies.planned_phase import PlannedPhase
from pnas.search.strategies.search_spec import SearchSpec
from pnas.state_space import SlotSpace
from pnas.validation import integer, number, number_where, optional, setting, text

_COUNT_OR_NONE = integer(minimum=0)


@dataclass(frozen=True)
class GrowingSpec(SearchSpec):
    """What searches read whose cells grow by one block from stage to stage."""

    is_progressive: ClassVar[bool] = True

    def _search_phases(
        self, space: SlotSpace, K: int | None, first: int | None
    ) -> list[PlannedPhase]:
        """See `SearchSpec.phases`."""
        available = space.num_cells(1) if first is None else first
        children = min(self.first_children(space), available)
        phases = [PlannedPhase("stage 1", 1, children)]
        for b in range(2, space.B + 1):
            candidates = space.num_candidates(children, b)
            children = min(candidates, space.num_cells(b))
            if K is not None:
                children = min(children, self._children_per_stage(K))
            phases.append(PlannedPhase(f"stage {b}", b, children, candidates))
        return phases

    def check(self, space: SlotSpace, K: int | None, epochs: float | None) -> None:
        """See `SearchSpec.check`."""
        if space.B > 1:
            cells = space.num_cells(space.B)
            rule = (
                f"must be at most {cells}, the cells of {space.B} blocks, or null for all "
                "candidates"
            )
            require(K is None or cells >= K, "controller.K", rule, K)
        super().check(space, K, epochs)

    def _children_per_stage(self, K: int) -> int:
        return K


@dataclass(frozen=True)
class ProgressiveRandomSpec(GrowingSpec):
    """``search=progressive_random``: the progressive search without its predictor."""

    kind: str = setting("progressive_random", text())


@dataclass(frozen=True)
class ProgressiveSpec(GrowingSpec):
    """``search=progressive``: the algorithm of the PNAS paper, and what may be added to it.

    Attributes:
        first: Number of children of stage 1, a random sample of the cells of one block; None for
            all of them, as in the paper.
        probe: Number of random extensions trained at each stage besides the K chosen ones, in order
            to judge the predictor by cells that it did not choose.
        uncertainty: Weight of the predictive standard deviation; candidates are chosen by their
            expected reward plus this weight times it.
        explore: Share of K, in [0, 1], for cells of operators and inputs that were rarely chosen.
    """

    kind: str = setting("progressive", text())
    first: int | None = setting(None, optional(integer(minimum=2)))
    probe: int = setting(0, _COUNT_OR_NONE)
    uncertainty: float = setting(0.0, number(minimum=0))
    explore: float = setting(0.0, number_where("must be in [0, 1]", lambda value: 0 <= value <= 1))

    uses_predictor: ClassVar[bool] = True

    def first_children(self, space: SlotSpace) -> int:
        """See `SearchSpec.first_children`."""
        return space.num_cells(1) if self.first is None else self.first

    def check(self, space: SlotSpace, K: int | None, epochs: float | None) -> None:
        """See `SearchSpec.check`."""
        cells = space.num_cells(1)
        rule = f"must be at most {cells}, the cells of one block, or null for all of them"
        require(self.first is None or self.first <= cells, "search.first", rule, self.first)
        if self.probe and space.B > 1:
            self._check_probe(space, K)
        super().check(space, K, epochs)

    def _check_probe(self, space: SlotSpace, K: int | None) -> None:
        """The probe is a sample of the candidates that were not chosen: there must be as many."""
        if K is None:
            rule = "must be 0 with controller.K=null: no candidate is left to probe"
            raise InvalidValue("search.probe", rule, self.probe)
        cells = space.num_cells(2)
        left = max(0, cells - K)
        rule = (
            f"must be at most {left}, what controller.K={K} leaves of the {cells} cells of 2 blocks"
        )
        require(self.probe <= left, "search.probe", rule, self.probe)

    def _children_per_stage(self, K: int) -> int:
        return K + self.probe
