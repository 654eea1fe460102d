"""What every search reads of the config group ``search``, whatever its strategy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pnas.errors import InvalidValue, require
from pnas.objectives import REWARD
from pnas.search.rung_ladder import make_ladder
from pnas.search.strategies.budget_shares import ROUNDING, BudgetShares
from pnas.search.strategies.objective_rules import (
    check_reference,
    is_list_with_reward,
    is_numbers_by_name,
)
from pnas.search.strategies.planned_phase import PlannedPhase, phases_with_rungs, phases_within
from pnas.search.strategies.rung_rules import are_rungs
from pnas.state_space import SlotSpace
from pnas.validation import (
    Rule,
    check_fields,
    choice,
    flag,
    integer,
    number_where,
    optional,
    setting,
    text,
)

_COUNT = integer(minimum=1)
_SHARE_BELOW_ONE = number_where("must be at least 0 and below 1", lambda value: 0 <= value < 1)
_PROBABILITY = number_where("must be above 0 and below 1", lambda value: 0 < value < 1)
_SECONDS = number_where("must be a number of seconds above 0", lambda value: value > 0)

_OBJECTIVES = Rule("must be a list of different names with reward among them", is_list_with_reward)
_CONSTRAINTS = Rule("must be numbers by name of objective", is_numbers_by_name)

_RUNGS = Rule(
    "must be [], or ascending numbers above 0 of which the last is 1",
    are_rungs,
)

_BUDGETS = ("max_children", "max_epochs", "max_seconds")


@dataclass(frozen=True)
class SearchSpec(BudgetShares):
    """What every search reads, whatever its strategy.

    Attributes:
        kind: Name of the strategy in the registry.
        max_failed: Share of a stage's children, in [0, 1), that may fail before the search stops;
            of a small stage of random search, evolution or rounds, together with earlier ones.
        failed_reward: What the predictor learns of a child that failed: ``exclude`` leaves it out
            and does not extend its cell; ``worst`` gives it the lowest reward of the search so far.
        retry_failed: Whether a command begins by training the failed children of the open stage
            again, once.
        max_seconds: Seconds of all commands of this search together. No child is started that is
            predicted to end later (`pnas.search.pacing`); None for no limit.
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
        rungs: Shares of ``trainer.epochs`` for which cells are trained before the best of them go
            on, in ascending order; the last is 1, a whole training. None at all for whole trainings
            only (`pnas.search.rungs`).
        rung_training: How a cell that goes on to the next rung is trained: ``anew``, with another
            seed and a whole learning rate schedule, or ``continued``, from where the short training
            was before its learning rate fell.
        early_stop: Probability of becoming one of the best tenth below which a training is stopped
            early (`pnas.search.early_stop`); 0 to train each child to its end.
        constraints: Largest value (smallest, where it is maximised) by the name of an objective
            that is known before training or measured. A cell that is known to break one is never
            trained.
        reference: Reference point of hypervolumes, by the name of an objective. Where it names
            none, the first stage decides (`pnas.objectives.ObjectiveSet.reference`).
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
    reference: dict[str, float] = setting({}, _CONSTRAINTS)
    rungs: list[float] = setting([], _RUNGS)
    rung_training: str = setting("anew", choice("anew", "continued"))
    early_stop: float = setting(0.0, _SHARE_BELOW_ONE)

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
        check_reference(self.reference, self.objectives)
        if self.budget is None and not self.ends_by_itself:
            rule = (
                "must be given (or search.max_epochs or search.max_seconds): "
                f"search.kind={self.kind} ends with its budget"
            )
            raise InvalidValue("search.max_children", rule, None)

    def widened(self, factor: int) -> "SearchSpec":
        """Return the strategy that proposes ``factor`` times as many cells at a time.

        With ``rungs`` so many are trained briefly for each that is trained whole. The cells that a
        search begins with stay as many as they are.
        """
        del factor
        return self

    @property
    def continues_trainings(self) -> bool:
        """Whether the short training of a cell is continued by its longer ones."""
        return self.rung_training == "continued"

    @property
    def smallest_share(self) -> float:
        """Share of a whole training that a child is trained for, at least."""
        return self.rungs[0] if self.rungs else 1.0

    def _and_confirmation(self, epochs: float | None) -> str:
        if not self.confirm_share(epochs):
            return ""
        return f" and the share search.confirm={self.confirm:g}"

    @property
    def budget(self) -> str | None:
        """Its budgets as people type them, such as ``search.max_children=100``; None without."""
        typed = []
        for name in _BUDGETS:
            value = getattr(self, name)
            if value is not None:
                typed.append(f"search.{name}={value:g}")
        return " ".join(typed) or None

    @property
    def is_asynchronous(self) -> bool:
        """Whether cells are chosen one by one, as workers become idle."""
        return False

    @property
    def round_size(self) -> int:
        """Number of children of a stage after the whole ones, or of one that is filled so far."""
        return 1

    @property
    def can_lose_a_stage(self) -> bool:
        """Whether the search goes on by earlier rewards where all children of a stage failed."""
        return False

    def whole_stages(self, space: SlotSpace) -> int:
        """Number of stages that an asynchronous search begins with, each proposed at once."""
        return 0

    def samples_full_size(self, space: SlotSpace) -> bool:
        """Whether random cells of full size are among those that it begins with."""
        return not self.is_progressive

    def num_stages(self, space: SlotSpace) -> int | None:
        """Number of stages of a search of ``space``; None where its budget decides."""
        return space.B if self.is_progressive else None

    def first_children(self, space: SlotSpace) -> int:
        """Number of children of the first stage, the fewest that a budget must have room for."""
        return space.num_cells(1) if self.is_progressive else 1

    def phases(
        self,
        space: SlotSpace,
        K: int | None,
        first: int | None = None,
        kept: Sequence[float] = (),
        epochs: float | None = None,
    ) -> list[PlannedPhase]:
        """Return what a search of ``space`` trains, part by part, without training anything.

        Args:
            space: State space that is searched.
            K: Number of children of each growing stage after the first; None for all candidates.
            first: Number of cells of one block that may be trained; None for all of them.
            kept: See `phases_with_rungs`.
            epochs: Number of epochs of a whole training; None to leave ``max_epochs`` out of it.
        """
        if self.rungs:
            width = math.ceil(1 / self.rungs[0])
            wide_K = None if K is None else K * width
            wide = self.widened(width)._search_phases(space, wide_K, first)
            searched = phases_with_rungs(wide, self.rungs, kept)
        else:
            searched = self._search_phases(space, K, first)
        affordable = phases_within(searched, self.search_trainings(epochs))
        ends_by_itself = _num_trainings(affordable) == _num_trainings(searched)
        left = None if ends_by_itself else self.confirmations(epochs)
        confirmation = self._confirmation_phase(space, affordable, epochs, left)
        return affordable if confirmation is None else [*affordable, confirmation]

    def _search_phases(
        self, space: SlotSpace, K: int | None, first: int | None
    ) -> list[PlannedPhase]:
        """Return the parts before the confirmation, as if there were no budget."""
        return [PlannedPhase("search", space.B, None)]

    def _confirmation_phase(
        self,
        space: SlotSpace,
        searched: Sequence[PlannedPhase],
        epochs: float | None,
        left: int | None,
    ) -> PlannedPhase | None:
        """Return the confirmation of what was ``searched``; None without one.

        Args:
            space: State space that is searched.
            searched: The parts before the confirmation.
            epochs: Number of epochs of a whole training; None if it is not known.
            left: Trainings that a search leaves which its budget ends; None if it ends by itself.
        """
        confirm_share = self.confirm_share(epochs)
        if not confirm_share:
            return None
        name = "confirmation, at most"
        if left is not None:
            return PlannedPhase(name, space.B, left)
        known = _num_trainings(searched)
        if known is None:
            return PlannedPhase(name, space.B, None)
        confirmations = round(known * confirm_share / self.search_share(epochs))
        return PlannedPhase(name, space.B, confirmations)

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
        self._check_rungs(epochs)
        self._check_early_stop()
        rule = (
            "must have at least 2 cells to begin with, which the predictor learns from; "
            "search=random has none"
        )
        require(first >= 2 or not self.uses_predictor, "state_space", rule, first)
        trainings: float = first
        if self.rungs and epochs is not None:
            trainings = make_ladder(self.rungs, epochs).trainings(first)
        least = math.ceil(trainings / self.search_share(epochs) - ROUNDING)
        and_confirmation = self._and_confirmation(epochs)
        rule = f"must be at least {least}, the children of the first stage{and_confirmation}"
        has_room = self.max_children is None or self.max_children >= least
        require(has_room, "search.max_children", rule, self.max_children)
        self._check_epochs(least, epochs)

    def _check_rungs(self, epochs: float | None) -> None:
        rule = "must be anew without search.rungs: there is no short training to continue"
        has_rungs = bool(self.rungs)
        is_possible = has_rungs or not self.continues_trainings
        require(is_possible, "search.rung_training", rule, self.rung_training)
        if not has_rungs:
            return
        rule = (
            "must be [] with trainer.table: it is not known how many epochs its children were "
            "trained for"
        )
        require(epochs is not None, "search.rungs", rule, self.rungs)
        make_ladder(self.rungs, epochs or 1.0)
        rule = "must be [] with search.asynchronous=true, which does not wait for stages"
        require(not self.is_asynchronous, "search.rungs", rule, self.rungs)
        rule = "must be [] with several search.objectives: a rung predicts rewards only"
        require(len(self.objectives) == 1, "search.rungs", rule, self.rungs)

    def _check_early_stop(self) -> None:
        if not self.early_stop:
            return
        rule = "must be 0 with search.asynchronous=true: its rule is fitted when a stage begins"
        require(not self.is_asynchronous, "search.early_stop", rule, self.early_stop)
        rule = "must be 0 with search.rungs, which stop trainings themselves"
        require(not self.rungs, "search.early_stop", rule, self.early_stop)
        rule = "must be 0 with several search.objectives: the front may have low rewards"
        require(len(self.objectives) == 1, "search.early_stop", rule, self.early_stop)

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
            f"{self._and_confirmation(epochs)} times {epochs:g} epochs"
        )
        require(self.max_epochs >= least, "search.max_epochs", rule, self.max_epochs)


def _num_trainings(phases: Sequence[PlannedPhase]) -> float | None:
    """Return the whole trainings of ``phases``; None if only a budget ends one of them."""
    if any(phase.children is None for phase in phases):
        return None
    return sum(phase.trainings for phase in phases)
