"""ControllerManager: proposes the children of each stage and learns from their rewards."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pnas.controller.candidate_scoring import (
    EMPTY_GENERATION,
    Feasibility,
    Generation,
    Progress,
    grow,
)
from pnas.controller.history_fit import HistoryFit
from pnas.controller.reward_history import Reward, Stage, checked_rewards, rewarded
from pnas.controller.training_report import TrainingReport
from pnas.errors import PnasError, require, require_count
from pnas.predictors import ControllerSpec, Predictor, load_predictor, named_spec
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace


class ControllerManager:
    """A progressive search's memory: the children of a stage, the history and the predictor.

    One stage is ``get_actions()``, rewards from elsewhere, ``train(rewards)``, ``update()``.

    Attributes:
        state_space: The space of the cells.
        B: Number of stages.
        seed: Seed of the search.
        spec: Settings of the predictor, and K.
        stage: Number of blocks of the current children.
        history: Cells and rewards of each trained stage; None for a child that failed.
        children: Children of this stage, best predicted first (at stage 1 in the space's order).
        predictions: Expected rewards of the current children; None at stage 1.
    """

    def __init__(
        self,
        state_space: SlotSpace,
        B: int,
        K: int | None,
        predictor: str = "gp",
        spec: ControllerSpec | None = None,
        seed: int = 0,
        is_feasible: Feasibility | None = None,
    ) -> None:
        """Start at stage 1.

        Args:
            state_space: The space of the cells.
            B: Number of stages, at most the space's B.
            K: Number of children of each stage after the first; None for every candidate.
            predictor: Name of an option of conf/controller (``gp``, ``lstm``, ``mlp_ensemble``,
                ...), taken with its default settings.
            spec: Settings of the predictor, in place of ``predictor``. Its K gives way to ``K``.
            seed: Seed of the search; the seed of each fit is derived from it and the stage.
            is_feasible: Says whether a cell may be trained; infeasible ones are dropped before
                children are chosen. None for no limit.

        Raises:
            InvalidValue: B or K is below 1, B is beyond the space, or the predictor is unknown.
        """
        require_count("state_space.B", B)
        rule = f"must be at most the space's {state_space.B}"
        require(B <= state_space.B, "state_space.B", rule, B)
        self.state_space = state_space
        self.B = B
        self.seed = seed
        self.spec = (spec or named_spec(predictor)).with_K(K)
        self._history_fit = HistoryFit(state_space, self.spec, seed)
        self.stage = 1
        self.history: list[Stage] = []
        self.predictions: list[float] | None = None
        self._is_feasible = is_feasible
        self.children = self._initial_children()
        self._asked = len(self.children)

    def __repr__(self) -> str:
        """``<ControllerManager: stage 2 of 3, 8 children, gp with K=8, 36 rewards learned>``"""
        learned = sum(reward is not None for _, rewards in self.history for reward in rewards)
        return (
            f"<ControllerManager: stage {self.stage} of {self.B}, {len(self.children)} children, "
            f"{self.spec.predictor} with K={self.spec.K}, {learned} rewards learned>"
        )

    @property
    def predictor(self) -> Predictor:
        """What predicts rewards; see `pnas.predictors.Predictor`."""
        return self._history_fit.predictor

    # -- one stage ---------------------------------------------------------------------------------

    def get_actions(self, K: int | None = None) -> list[Cell]:
        """Return the children to train at this stage: all, or the ``K`` best predicted ones.

        At stage 1 nothing is predicted yet, and ``K`` of the cells are sampled. `train` expects the
        rewards of what was returned last. The list is empty once the last stage is over.
        """
        if K is not None and self.stage == 1 and not self.history:
            self.children = self._sampled_children(require_count("K", K))
        self._asked = len(self.children)
        if K is not None:
            self._asked = min(require_count("K", K), len(self.children))
        return self.children[: self._asked]

    def train(self, rewards: Sequence[Reward]) -> TrainingReport:
        """Learn from the children of the last `get_actions` and from all stages before.

        Args:
            rewards: One for each child, in [0, 1]; None or NaN for a child that failed, which is
                left out.

        Raises:
            PnasError: This stage was trained already, or fewer than 2 children succeeded.
            InvalidValue: The number of rewards is wrong, or one is outside [0, 1].
        """
        if len(self.history) == self.stage:
            raise PnasError(f"stage {self.stage} was trained already: call update() to go on")
        cells = self.children[: self._asked]
        stage = (cells, checked_rewards(rewards, len(cells)))
        if self.spec.is_warm_started:
            self.fit_history()
        self._history_fit.fit([*self.history, stage])
        self.history.append(stage)

        predicted = None
        if self.predictions is not None:
            predicted = self.predictions[: len(cells)]
        return self.report(predicted, stage[1])

    def update(self, progress: Progress | None = None) -> Generation:
        """Go to the next stage: expand the children that have rewards, score, keep the best K.

        After the last stage the generation is empty, and so is `get_actions`.

        Raises:
            PnasError: This stage was not trained, or none of its children succeeded.
        """
        if len(self.history) < self.stage:
            raise PnasError(
                f"stage {self.stage} was not trained: call train(rewards) before update()"
            )
        generation = EMPTY_GENERATION
        if self.stage < self.B:
            generation = self._next_generation(progress)
        self.stage = min(self.stage + 1, self.B)
        self.children = generation.cells
        self.predictions = generation.predictions
        self._asked = len(self.children)
        return generation

    def _next_generation(self, progress: Progress | None) -> Generation:
        last_cells, _ = self.history[-1]
        survivors, _ = rewarded(self.history[-1:])
        if not survivors:
            raise PnasError(f"all {len(last_cells)} children of stage {self.stage} failed")
        trained = [cell for cells, _ in self.history for cell in cells]
        return grow(
            self.state_space,
            self.predictor,
            survivors,
            self.spec.K,
            chunk=self.spec.chunk,
            exclude=trained,
            progress=progress,
            is_feasible=self._is_feasible,
        )

    # -- history and files -------------------------------------------------------------------------

    def restore_history(
        self, stages: Sequence[tuple[Sequence[Cell], Sequence[Reward]]], fit: bool = True
    ) -> None:
        """Be as after `train` of the last of ``stages``, so that the search continues identically.

        Args:
            stages: Cells and rewards of stages 1, 2, ... as they were trained.
            fit: Whether to fit the predictor here. `fit_history` does it later; `train` makes it
                unnecessary, except with warm starts.

        Raises:
            PnasError: As `train` does.
        """
        largest = max((len(cell) for cells, _ in stages for cell in cells), default=0)
        rule = f"must be at least {largest}, the blocks of cells trained"
        require(largest <= self.B, "state_space.B", rule, self.B)

        checked = []
        for cells, rewards in stages:
            checked.append((list(cells), checked_rewards(rewards, len(cells))))
        self._history_fit.forget()
        self.history = checked
        if checked:
            self.stage = len(checked)
            self.children = checked[-1][0]
            self.predictions = None
            self._asked = len(self.children)
        if fit:
            self.fit_history()

    def fit_history(self) -> None:
        """Fit the predictor to the history, unless it is fitted to all of it already."""
        self._history_fit.fit_missing(self.history)

    def fit_expecting(
        self,
        stages: Sequence[tuple[Sequence[Cell], Sequence[Reward]]],
        expected: Sequence[Cell] = (),
    ) -> None:
        """Take ``stages`` as the history and fit to it; count cells in training as expected.

        A predictor that cannot do so (`pnas.predictors.ExpectsCells`) leaves them out.

        Args:
            stages: Cells and rewards of stages 1, 2, ... as they were trained.
            expected: Cells in training.
        """
        self.history = [(list(cells), list(rewards)) for cells, rewards in stages]
        self._history_fit.fit_expecting(self.history, expected)

    def report(
        self,
        predicted: Sequence[float] | None,
        rewards: Sequence[Reward],
        cross_validates: bool = True,
    ) -> TrainingReport:
        """Return how well the predictor, fitted to the history, agrees with rewards.

        Args:
            predicted: Expected rewards of cells before they were trained; None for no prediction.
            rewards: Rewards of these cells.
            cross_validates: Whether it is fitted to parts of the history, too, if
                ``controller.cross_validate`` asks for it.
        """
        return self._history_fit.report(self.history, predicted, rewards, cross_validates)

    def begin_stage(self, cells: Sequence[Cell], predictions: Sequence[float] | None) -> None:
        """Take ``cells``, chosen elsewhere, as the children of the stage after the history.

        Args:
            cells: The children of the stage.
            predictions: Expected reward of each when it was chosen; None at stage 1.
        """
        self.stage = len(self.history) + 1
        self.children = list(cells)
        self.predictions = None if predictions is None else list(predictions)
        self._asked = len(self.children)

    def save(self, directory: Path | str) -> None:
        """Write the predictor to ``directory`` (``predictor.json``, ``weights.npz``)."""
        self.predictor.save(Path(directory))

    def restore(self, directory: Path | str) -> None:
        """Take over a predictor saved from this space, or one with another B, to score with it.

        Raises:
            InvalidValue: Nothing readable is there, or it knows another vocabulary (key ``from``).
        """
        self._history_fit.predictor = load_predictor(directory, self.state_space)

    # -- internals ---------------------------------------------------------------------------------

    def _initial_children(self) -> list[Cell]:
        cells = self.state_space.initial_children()
        if self._is_feasible is None:
            return cells
        return [cell for cell in cells if self._is_feasible(cell)]

    def _sampled_children(self, K: int) -> list[Cell]:
        cells = self._initial_children()
        rng = np.random.default_rng(derive_seed(self.seed, "initial children"))
        rows = np.sort(rng.permutation(len(cells))[:K])
        return [cells[row] for row in rows]
