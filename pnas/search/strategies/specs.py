"""Settings of the `search` config group."""

import math
from dataclasses import dataclass

from pnas.errors import InvalidValue, require, require_choice, require_count

KINDS = ("progressive", "progressive_random", "random", "evolution")
FAILED_REWARDS = ("exclude", "worst")


@dataclass(frozen=True)
class SearchSpec:
    """How the space is searched.

    Attributes:
        kind: ``progressive``, the paper's algorithm; ``progressive_random``, the same with K random extensions;
            ``random``, uniform over the unique cells of B blocks; ``evolution``, regularized evolution.
        max_failed: share of a stage's children, in [0, 1), that may fail before the search stops.
        failed_reward: what the predictor is told of a child that failed: nothing (``exclude``, and the cell is
            not extended), or the ``worst`` reward of the search so far.
        retry_failed: train the failed children of the stage that is open anew, once, at the start of a command.
        max_seconds: of all commands of this search together, after which no child is started; None = any.
        max_children: children trained (or failed) by this search at most; None = any.
        max_epochs: epochs trained by this search at most; None = any.
        first: of progressive: children of stage 1, drawn from the cells of one block; None = all of them (the paper's).
        probe: of progressive: random extensions trained at each stage besides the K chosen ones, to judge the
            predictor by cells that it did not choose.
        uncertainty: of progressive: candidates are chosen by expected reward + this times the predictor's spread.
        explore: of progressive: share of K, in [0, 1], that goes to cells of operators and inputs rarely chosen.
        refine: of progressive: children a round after the last stage, chosen by the predictor among cells of B
            blocks, until the budget is spent; 0 = the search ends with the last stage.
        refine_pool: a space with at most so many cells of B blocks is scored whole in a round. Of a larger one, the
            mutations of the best cells and so many candidates of the last stage are.
        refine_parents: how many best cells' mutations.
        batch: of random and evolution: children of one stage; what one learns, the next can use.
        population: of evolution: children alive, which are the last ones trained.
        sample: of evolution: how many of them are drawn to find a parent, the best of the draw.
    """

    kind: str = "progressive"
    max_failed: float = 0.5
    failed_reward: str = "exclude"
    retry_failed: bool = False
    max_seconds: float | None = None
    max_children: int | None = None
    max_epochs: int | None = None
    first: int | None = None
    probe: int = 0
    uncertainty: float = 0.0
    explore: float = 0.0
    refine: int = 0
    refine_pool: int = 50_000
    refine_parents: int = 20
    batch: int = 8
    population: int = 20
    sample: int = 5

    def __post_init__(self) -> None:
        require_choice("search.kind", self.kind, KINDS)
        require(
            0 <= self.max_failed < 1,
            "search.max_failed",
            "must be at least 0 and below 1",
            self.max_failed,
        )
        require_choice("search.failed_reward", self.failed_reward, FAILED_REWARDS)
        self._check_budgets()
        for name in ("probe", "refine"):
            require_count(f"search.{name}", getattr(self, name), minimum=0)
        if self.first is not None:
            require_count("search.first", self.first, minimum=2)
        for name in ("refine_pool", "refine_parents", "batch", "population", "sample"):
            require_count(f"search.{name}", getattr(self, name))
        bonus = self.uncertainty
        require(
            math.isfinite(bonus) and bonus >= 0,
            "search.uncertainty",
            "must be a number of at least 0",
            bonus,
        )
        require(0 <= self.explore <= 1, "search.explore", "must be in [0, 1]", self.explore)
        rule = f"must be at most search.population={self.population}"
        require(self.sample <= self.population, "search.sample", rule, self.sample)
        self._refuse_what_is_not_read()

    @property
    def is_progressive(self) -> bool:
        """Whether stage b of the search has cells of b blocks."""
        return self.kind in ("progressive", "progressive_random")

    @property
    def budget(self) -> str | None:
        """A budget as it was typed; None if there is none."""
        budgets = {
            name: getattr(self, name) for name in ("max_children", "max_epochs", "max_seconds")
        }
        typed = [f"search.{name}={value:g}" for name, value in budgets.items() if value is not None]
        return typed[0] if typed else None

    def _check_budgets(self) -> None:
        for name in ("max_children", "max_epochs"):
            if getattr(self, name) is not None:
                require_count(f"search.{name}", getattr(self, name))
        seconds = self.max_seconds
        rule = "must be a number of seconds above 0, or null"
        require(
            seconds is None or (math.isfinite(seconds) and seconds > 0),
            "search.max_seconds",
            rule,
            seconds,
        )

    def _refuse_what_is_not_read(self) -> None:
        """What another kind of search reads would otherwise be left out without a word."""
        for name in ("probe", "uncertainty", "explore", "refine"):
            value = getattr(self, name)
            rule = "must be 0 unless search.kind=progressive"
            require(value == 0 or self.kind == "progressive", f"search.{name}", rule, value)
        rule = "must be null unless search.kind=progressive"
        require(self.first is None or self.kind == "progressive", "search.first", rule, self.first)
        if self.budget is None and (self.refine or not self.is_progressive):
            what = "search.refine" if self.refine else f"search.kind={self.kind}"
            rule = f"must be given (or search.max_epochs or search.max_seconds): {what} ends with its budget"
            raise InvalidValue("search.max_children", rule, None)
