"""Settings of the config group ``search``: one specification for each strategy.

`SearchSpec` holds what every search reads: how it deals with failed children, and its budgets. The
specification of a strategy adds the keys that this strategy reads, and says how many stages and
children it will have.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from pnas.errors import InvalidValue, require
from pnas.objectives import REWARD
from pnas.search.strategies.objective_rules import is_list_with_reward, is_numbers_by_name
from pnas.state_space import SlotSpace
from pnas.validation import (
    Rule,
    check_fields,
    choice,
    flag,
    integer,
    number,
    number_where,
    optional,
    setting,
    text,
)

_COUNT = integer(minimum=1)
_COUNT_OR_NONE = integer(minimum=0)
_SHARE_BELOW_ONE = number_where("must be at least 0 and below 1", lambda value: 0 <= value < 1)
_PROBABILITY = number_where("must be above 0 and below 1", lambda value: 0 < value < 1)
_SECONDS = number_where("must be a number of seconds above 0", lambda value: value > 0)

_SAMPLED_FIRST = 8
"""Cells of one block in a sample: more of them pay less than cells of full size."""

_OBJECTIVES = Rule("must be a list of different names with reward among them", is_list_with_reward)
_CONSTRAINTS = Rule("must be numbers by name of objective", is_numbers_by_name)

_BUDGETS = ("max_children", "max_epochs", "max_seconds")


@dataclass(frozen=True)
class SearchSpec:
    """What every search reads, whatever its strategy.

    Attributes:
        kind: Name of the strategy in the registry.
        max_failed: Share of a stage's children, in [0, 1), that may fail before the search stops.
        failed_reward: What the predictor learns of a child that failed: ``exclude`` leaves it out
            and does not extend its cell; ``worst`` gives it the lowest reward of the search so far.
        retry_failed: Whether a command begins by training the failed children of the open stage
            again, once.
        max_seconds: Seconds of all commands of this search together, after which no child is
            started; None for no limit.
        max_children: Number of children that this search trains, failed ones included; None for no
            limit.
        max_epochs: Number of epochs that this search trains, all children together; None for no
            limit.
        confirm: Share of the trainings, in [0, 1), that is kept to train the most promising cells
            again, so that the winner is known and not guessed; 0 for none.
        confidence: Probability of being the best at which the winner counts as known.
        tie_break: What decides between cells that cannot be told apart: the highest ``reward``, or
            the fewest ``params``, ``madds`` or ``seconds``.
        objectives: Names of what is made as high or low as possible (`pnas.objectives`), ``reward``
            among them. Of several, the search is for the cells that no other one dominates.
        constraints: Largest value (smallest, where it is maximised) by the name of an objective
            that is known before training. A cell that breaks one is never trained.
    """

    kind: str = setting("progressive", text())
    max_failed: float = setting(0.5, _SHARE_BELOW_ONE)
    failed_reward: str = setting("exclude", choice("exclude", "worst"))
    retry_failed: bool = setting(False, flag())
    max_seconds: float | None = setting(None, optional(_SECONDS))
    max_children: int | None = setting(None, optional(_COUNT))
    max_epochs: int | None = setting(None, optional(_COUNT))
    confirm: float = setting(0.0, _SHARE_BELOW_ONE)
    confidence: float = setting(0.9, _PROBABILITY)
    tie_break: str = setting("reward", choice("reward", "params", "madds", "seconds"))
    objectives: list[str] = setting([REWARD], _OBJECTIVES)
    constraints: dict[str, float] = setting({}, _CONSTRAINTS)

    ends_by_itself: ClassVar[bool] = True
    """Whether the search has a last stage; one that has none needs a budget."""

    is_progressive: ClassVar[bool] = False
    """Whether stage b of the search has cells of b blocks, up to the largest size."""

    uses_predictor: ClassVar[bool] = False
    """Whether a predictor chooses the children of the later stages."""

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            InvalidValue: A value breaks its rule, or a search that needs a budget has none.
        """
        check_fields(self, "search")
        if self.budget is None and not self.ends_by_itself:
            rule = (
                "must be given (or search.max_epochs or search.max_seconds): "
                f"search.kind={self.kind} ends with its budget"
            )
            raise InvalidValue("search.max_children", rule, None)

    @property
    def search_share(self) -> float:
        """Share of the trainings that is left for searching."""
        return 1 - self.confirm

    @property
    def _and_confirmation(self) -> str:
        return f" and the share search.confirm={self.confirm:g}" if self.confirm else ""

    @property
    def budget(self) -> str | None:
        """A budget as people type it, such as ``search.max_children=100``; None without one."""
        for name in _BUDGETS:
            value = getattr(self, name)
            if value is not None:
                return f"search.{name}={value:g}"
        return None

    def num_stages(self, space: SlotSpace) -> int | None:
        """Number of stages of a search of ``space``; None where its budget decides."""
        return space.B if self.is_progressive else None

    def first_children(self, space: SlotSpace) -> int:
        """Number of children of the first stage, the fewest that a budget must have room for."""
        return space.num_cells(1) if self.is_progressive else 1

    def outline(self, space: SlotSpace, K: int | None) -> list[str]:
        """Describe the stages of a search of ``space``, a line each, without training anything."""
        first = self.first_children(space)
        return [f"stage 1: {first:,} children"]

    def check(self, space: SlotSpace, K: int | None, epochs: float | None) -> None:
        """Check that a search of ``space`` has room for its stages, and its budget for the first.

        Args:
            space: State space that is searched.
            K: Number of children of each stage after the first; None for all candidates.
            epochs: Number of epochs that one child is trained for; None if it is not known.

        Raises:
            InvalidValue: Names the key that is too large or too small.
        """
        first = self.first_children(space)
        least = math.ceil(first / self.search_share - 1e-9)
        rule = f"must be at least {least}, the children of the first stage{self._and_confirmation}"
        has_room = self.max_children is None or self.max_children >= least
        require(has_room, "search.max_children", rule, self.max_children)
        self._check_epochs(least, epochs)

    def _check_epochs(self, children: int, epochs: float | None) -> None:
        if self.max_epochs is None:
            return
        if epochs is None:
            rule = (
                "must be null: it is not known how many epochs a child of trainer.table was "
                "trained for"
            )
            raise InvalidValue("search.max_epochs", rule, self.max_epochs)
        least = children * epochs
        rule = (
            f"must be at least {least:g}, {children} children of the first stage"
            f"{self._and_confirmation} times {epochs:g} epochs"
        )
        require(self.max_epochs >= least, "search.max_epochs", rule, self.max_epochs)


@dataclass(frozen=True)
class GrowingSpec(SearchSpec):
    """What searches read whose cells grow by one block from stage to stage."""

    is_progressive: ClassVar[bool] = True

    def children_of_stages(self, space: SlotSpace, K: int | None) -> list[int]:
        """Number of children of each growing stage, at most."""
        sizes = [min(self.first_children(space), space.num_cells(1))]
        for b in range(2, space.B + 1):
            candidates = space.num_candidates(sizes[-1], b)
            limits = [candidates, space.num_cells(b)]
            if K is not None:
                limits.append(self._children_per_stage(K))
            sizes.append(min(limits))
        return sizes

    def outline(self, space: SlotSpace, K: int | None) -> list[str]:
        """See `SearchSpec.outline`."""
        sizes = self.children_of_stages(space, K)
        return [f"stage {b}: {size:,} children at most" for b, size in enumerate(sizes, start=1)]

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
    """

    kind: str = setting("refined", text())
    start: str = setting("beam", choice("beam", "sample", "mixed"))
    first_full: int = setting(12, _COUNT)
    uncertainty: float = setting(1.0, number(minimum=0))
    refine: int = setting(5, _COUNT)
    refine_pool: int = setting(50_000, _COUNT)
    refine_parents: int = setting(20, _COUNT)

    ends_by_itself: ClassVar[bool] = False

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

    def first_children(self, space: SlotSpace) -> int:
        """See `SearchSpec.first_children`."""
        first = self.sampled_first(space)
        of_one_block = space.num_cells(1) if first is None else first
        return of_one_block + self.sampled_full(space)

    def num_stages(self, space: SlotSpace) -> int | None:
        """See `SearchSpec.num_stages`."""
        return None

    def outline(self, space: SlotSpace, K: int | None) -> list[str]:
        """See `SearchSpec.outline`."""
        rounds = f"each later stage: {self.refine:,} children of {space.B} blocks"
        if self.start == "mixed":
            first = self.first_children(space)
            return [f"stage 1: {first:,} children of 1 and {space.B} blocks", rounds]
        return [*super().outline(space, K), rounds]


@dataclass(frozen=True)
class RandomSpec(SearchSpec):
    """``search=random``: cells of B blocks, uniform over the unique ones.

    Attributes:
        batch: Number of children of one stage.
    """

    kind: str = setting("random", text())
    batch: int = setting(8, _COUNT)

    ends_by_itself: ClassVar[bool] = False

    def outline(self, space: SlotSpace, K: int | None) -> list[str]:
        """See `SearchSpec.outline`."""
        return [_sampled_stages(self.batch, self.batch)]


@dataclass(frozen=True)
class EvolutionSpec(SearchSpec):
    """``search=evolution``: regularized evolution (Real et al., arXiv 1802.01548).

    Attributes:
        population: Number of random cells to begin with, and of children alive, which are the ones
            trained last.
        sample: Number of living children among which the best becomes a parent.
        batch: Number of children of one stage; the next stage's parents may be among them.
    """

    kind: str = setting("evolution", text())
    population: int = setting(20, _COUNT)
    sample: int = setting(5, _COUNT)
    batch: int = setting(8, _COUNT)

    ends_by_itself: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check the values; see `SearchSpec`."""
        super().__post_init__()
        rule = f"must be at most search.population={self.population}"
        require(self.sample <= self.population, "search.sample", rule, self.sample)

    def first_children(self, space: SlotSpace) -> int:
        """See `SearchSpec.first_children`."""
        return self.population

    def outline(self, space: SlotSpace, K: int | None) -> list[str]:
        """See `SearchSpec.outline`."""
        return [_sampled_stages(self.population, self.batch)]


def _sampled_stages(first: int, later: int) -> str:
    return f"stage 1: {first:,} random cells; each later stage: {later:,} children"


SPECS: tuple[type[SearchSpec], ...] = (
    ProgressiveSpec,
    RefinedSpec,
    RandomSpec,
    ProgressiveRandomSpec,
    EvolutionSpec,
)
"""The specifications of the package's own strategies."""


def migrate_search(values: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the settings of a stored search to the keys of this version.

    Earlier versions stored the keys of all strategies together, and knew a refined search as
    ``kind: progressive`` with ``refine`` above 0. Keys that no version knew are kept, to be
    refused by name.
    """
    migrated = dict(values)
    kind = str(migrated.get("kind", "progressive"))
    if kind == "progressive" and migrated.get("refine"):
        kind = "refined"
    migrated["kind"] = kind
    # Earlier versions trained no cell again.
    migrated.setdefault("confirm", 0.0)

    keys_by_kind = {}
    for spec in SPECS:
        keys_by_kind[spec.kind] = {each.name for each in fields(spec)}
    if kind not in keys_by_kind:
        return migrated

    known_to_any = set().union(*keys_by_kind.values())
    superfluous = known_to_any - keys_by_kind[kind]
    return {key: value for key, value in migrated.items() if key not in superfluous}
