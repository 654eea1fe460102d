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
from typing import Any, Protocol, runtime_checkable

from pnas.controller.candidate_scoring import Feasibility
from pnas.predictors import ControllerSpec
from pnas.search.measured_limits import MeasuredLimits
from pnas.search.objective_source import ObjectiveSource
from pnas.search.rung_ladder import Promotion
from pnas.search.short_training import Signals
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
        epochs: Epochs of short trainings (`pnas.search.rungs`); None for whole ones.
        promotions: How many cells of short trainings go on to each later rung.
    """

    cells: Sequence[Cell]
    predictions: Sequence[float] | None
    candidates_scored: int
    unique_candidates: int
    seconds: float
    repeats: Sequence[int] | None = None
    epochs: int | None = None
    promotions: Sequence[Promotion] = ()

    @classmethod
    def unscored(
        cls, cells: Sequence[Cell], repeats: Sequence[int] | None = None, seconds: float = 0.0
    ) -> "Proposal":
        """Return a proposal of ``cells`` that no predictor has chosen."""
        return cls(
            cells=cells,
            predictions=None,
            candidates_scored=0,
            unique_candidates=len(set(cells)),
            seconds=seconds,
            repeats=repeats,
        )


@dataclass(frozen=True)
class ClosedStage:
    """A stage whose children have all ended.

    Attributes:
        cells: Its cells, in the order in which they were proposed.
        rewards: Reward of each cell.
        predictions: Expected reward of each cell; None before there was a predictor.
        epochs: Epochs of short trainings; None for whole ones.
        signals: What each short training has shown, None if it failed; None for whole ones.
    """

    cells: Sequence[Cell]
    rewards: Sequence[Reward]
    predictions: Sequence[float] | None = None
    epochs: int | None = None
    signals: Sequence[Signals | None] | None = None


@dataclass(frozen=True)
class OpenStage:
    """A stage that was proposed and whose rewards are awaited.

    Attributes:
        cells: Its cells, in the order in which they were proposed.
        predictions: Expected reward of each cell; None before there was a predictor.
        epochs: Epochs of short trainings; None for whole ones.
    """

    cells: Sequence[Cell]
    predictions: Sequence[float] | None
    epochs: int | None = None


@dataclass(frozen=True)
class PendingCell:
    """A cell in training, of an asynchronous search.

    Attributes:
        cell: The cell.
        predicted: Its expected reward when it was chosen; None if nothing predicted it.
    """

    cell: Cell
    predicted: float | None


@dataclass(frozen=True)
class SearchHistory:
    """What a search has done so far; empty for one that begins.

    Attributes:
        closed: Its closed stages, in order. In an asynchronous search each child after the stages
            that are proposed whole is a stage of its own, in the order in which they ended; and of
            the last whole stage, children that are still in training have no reward.
        open: The stage after them that was proposed already; None if there is none.
        pending: Cells in training that are in none of the stages, in the order in which they were
            chosen.
        awaited: Cells of the last whole stage that are still in training.
    """

    closed: Sequence[ClosedStage] = ()
    open: OpenStage | None = None
    pending: Sequence[PendingCell] = ()
    awaited: Sequence[Cell] = ()

    @property
    def next_stage(self) -> int:
        """Number of the stage after all that was chosen, each pending cell being one."""
        return len(self.closed) + len(self.pending) + 1


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
        limits: Constraints on what is measured; None without any.
    """

    spec: SearchSpec
    space: SlotSpace
    controller: ControllerSpec
    seed: int
    save_dir: Path | None = None
    is_feasible: Feasibility | None = None
    objectives: ObjectiveSource | None = None
    limits: MeasuredLimits | None = None

    def may_train(self, cell: Cell) -> bool:
        """Whether ``cell`` may be trained."""
        return self.is_feasible is None or self.is_feasible(cell)


@runtime_checkable
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


@dataclass(frozen=True)
class TrainedCells:
    """Cells of an asynchronous search that have all ended, a stage of its journal.

    Attributes:
        stage: Number of the stage.
        cells: Its cells, in the order in which they were chosen.
        predictions: Expected reward of each when it was chosen; None if nothing predicted it.
        rewards: Reward of each cell.
        is_last: Whether no other cell is in training, so that no worker waits for what is learned.
    """

    stage: int
    cells: Sequence[Cell]
    predictions: Sequence[float | None]
    rewards: Sequence[Reward]
    is_last: bool


@runtime_checkable
class AsynchronousStrategy(Strategy, Protocol):
    """A strategy that chooses cells while others are in training.

    Its whole stages (`SearchSpec.whole_stages`) are proposed by `ask`. With a history in which
    nothing is pending, `choose` proposes the cell that `ask` would propose after the same stages.
    """

    def choose(self, history: SearchHistory, count: int) -> Proposal | None:
        """Propose ``count`` cells, or as many as there are; None when no cell is left."""
        ...

    def learn(self, history: SearchHistory, trained: TrainedCells) -> dict[str, Any] | None:
        """Return what is learned of ``trained``, as `tell` does; ``history`` has their rewards."""
        ...


@runtime_checkable
class LearnsFromShortTrainings(Protocol):
    """A strategy that proposes short trainings too (`pnas.search.rungs`)."""

    def tell_short(
        self, signals: Sequence[Signals | None], rewards: Sequence[Reward]
    ) -> dict[str, Any] | None:
        """Learn what the short trainings of the open stage have shown.

        Args:
            signals: Signals of each cell, in order; None of those that failed.
            rewards: Reward that a failed training counts as; None of the others.
        """
        ...
