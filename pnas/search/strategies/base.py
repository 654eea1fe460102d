"""The contract of search strategies: what they are built from, propose and learn.

A strategy is built from the history of its search and is then only asked and told::

    strategy = make_strategy(context, history)
    while (proposal := strategy.ask()) is not None:
        rewards = train(proposal.cells)
        strategy.tell(rewards)

All that it keeps follows from its context and its history, so that a strategy built after any stage
goes on exactly as the one that ran until then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pnas.controller.candidate_scoring import Feasibility
from pnas.predictors import ControllerSpec
from pnas.search.objective_source import ObjectiveSource
from pnas.search.strategies.search_spec import SearchSpec
from pnas.state_space import Cell, SlotSpace

Reward = float | None
"""Reward of a child in [0, 1]; None for a child that failed."""


@dataclass(frozen=True)
class Proposal:
    """The children of one stage, before they are trained.

    Attributes:
        cells: Cells to train, most promising first.
        predictions: Expected reward of each cell in [0, 1]; None before there is a predictor.
        candidates_scored: Number of cells they were chosen from, duplicates included.
        unique_candidates: Number of distinct cells they were chosen from.
        seconds: Time that choosing them took.
        repeats: Number of each training among those of its cell, from 1; None if each is
            the first.
    """

    cells: Sequence[Cell]
    predictions: Sequence[float] | None
    candidates_scored: int
    unique_candidates: int
    seconds: float
    repeats: Sequence[int] | None = None


@dataclass(frozen=True)
class ClosedStage:
    """A stage whose children have all ended.

    Attributes:
        cells: Its cells, in the order in which they were proposed.
        rewards: Reward of each cell.
    """

    cells: Sequence[Cell]
    rewards: Sequence[Reward]


@dataclass(frozen=True)
class OpenStage:
    """A stage that was proposed and whose rewards are awaited.

    Attributes:
        cells: Its cells, in the order in which they were proposed.
        predictions: Expected reward of each cell; None before there was a predictor.
    """

    cells: Sequence[Cell]
    predictions: Sequence[float] | None


@dataclass(frozen=True)
class SearchHistory:
    """What a search has done so far; empty for one that begins.

    Attributes:
        closed: Its closed stages, in order.
        open: The stage after them that was proposed already; None if there is none.
    """

    closed: Sequence[ClosedStage] = ()
    open: OpenStage | None = None


@dataclass(frozen=True)
class StrategyContext:
    """What a strategy is made of, besides the history of its search.

    Attributes:
        spec: Settings of the strategy, of the type that its entry in the registry names.
        space: State space that is searched.
        controller: Settings of the predictor, and K, the number of children of a stage.
        seed: Seed of the search.
        save_dir: Directory for the predictor of each stage; None to keep none.
        is_feasible: Whether a cell may be trained; None if every cell may.
        objectives: Where a search of several objectives has their values from; None for one of the
            reward alone.
    """

    spec: SearchSpec
    space: SlotSpace
    controller: ControllerSpec
    seed: int
    save_dir: Path | None = None
    is_feasible: Feasibility | None = None
    objectives: ObjectiveSource | None = None

    def may_train(self, cell: Cell) -> bool:
        """Whether ``cell`` may be trained."""
        return self.is_feasible is None or self.is_feasible(cell)


class Strategy(Protocol):
    """A search strategy; after `ask`, or when built with an open stage, it awaits `tell`."""

    def ask(self) -> Proposal | None:
        """Propose the next stage; None when the search is over."""
        ...

    def is_over(self) -> bool:
        """Whether `ask` would propose nothing more. Takes no time worth counting."""
        ...

    def tell(self, rewards: Sequence[Reward]) -> dict[str, Any] | None:
        """Learn the rewards of the open stage, in the order of its cells.

        Returns:
            What was learned, as summary.json shows it (kind, loss, losses, spearman_fit,
            spearman_next, ...); None if there is nothing to show.
        """
        ...
