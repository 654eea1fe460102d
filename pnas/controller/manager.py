"""ControllerManager: proposes the children of each stage and learns from their rewards."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.controller.candidate_scoring import (
    EMPTY_GENERATION,
    Feasibility,
    Generation,
    Progress,
    grow,
)
from pnas.errors import PnasError, require, require_count
from pnas.predictors.base import Predictor, load_predictor, make_predictor
from pnas.predictors.rank_correlation import rank_correlation
from pnas.predictors.rank_metrics import cross_validated, rank_agreement
from pnas.predictors.specs import ControllerSpec
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace, Tokens

Reward = float | None
Stage = tuple[list[Cell], list[Reward]]


class TrainingReport(NamedTuple):
    """What one fit of the predictor gave.

    Attributes:
        kind: the predictor's name (``lstm``, ``mlp_ensemble``, ...).
        loss: training loss of the last epoch.
        losses: training loss of each epoch.
        spearman_fit: rank correlation on all cells it was trained on.
        spearman_next: rank correlation on this stage's cells as predicted before they were trained; None at
            stage 1, where nothing was predicted. Either is None where it is undefined (constant values).
        diagnosis: ``kendall_fit``; Spearman's and Kendall's correlation on cells that a fit had not seen
            (``spearman_cv``, ``kendall_cv``, if ``controller.cross_validate``) and ``kendall_next``; of each but those
            within the fit a bootstrap interval (``spearman_cv_low``, ``spearman_cv_high``, ...). None where undefined.
    """

    kind: str
    loss: float
    losses: list[float]
    spearman_fit: float | None
    spearman_next: float | None
    diagnosis: dict[str, float | None]

    def as_record(self) -> dict[str, Any]:
        """Everything in one plain mapping, as summary.json shows it."""
        record = self._asdict()
        diagnosis = record.pop("diagnosis")
        return {**record, **diagnosis}


class ControllerManager:
    """The progressive search's memory: children of the current stage, history of rewards, and the predictor.

    One stage is ``get_actions()``, rewards from elsewhere, ``train(rewards)``, ``update()``.

    Attributes:
        stage: number of blocks of the current children.
        history: (cells, rewards) of each trained stage; None for a child that failed.
        children: all children of this stage, best predicted first (stage 1: in the space's order).
        predictions: expected rewards of the current children; None at stage 1.
        predictor: see `pnas.controller.Predictor`.
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
            state_space: where cells come from.
            B: number of stages, at most the space's B.
            K: children per stage after the first; None for every candidate.
            predictor: ``gp``, ``lstm``, ``mlp_ensemble``, ... (`ControllerSpec.named`), with default settings.
            spec: settings of the predictor, in place of ``predictor``. Its K gives way to ``K``.
            seed: of the search; each fit's seed is derived from it and the stage.
            allows: says of a cell whether it may be trained; others are dropped before children are chosen.

        Raises:
            InvalidValue: B or K below 1, B beyond the space, or an unknown predictor.
        """
        require_count("state_space.B", B)
        require(
            B <= state_space.B, "state_space.B", f"must be at most the space's {state_space.B}", B
        )
        self.state_space = state_space
        self.B = B
        self.seed = seed
        self.spec = (spec or ControllerSpec.named(predictor)).with_K(K)
        self.predictor: Predictor = make_predictor(state_space, self.spec)
        self.stage = 1
        self.history: list[Stage] = []
        self.predictions: list[float] | None = None
        self._is_feasible = is_feasible
        self._stages_fitted = 0
        self.children = self._initial_children()
        self._asked = len(self.children)

    # -- one stage -----------------------------------------------------------------------------------------

    def get_actions(self, K: int | None = None) -> list[Cell]:
        """The children to train at this stage: all, or the ``K`` best predicted ones.

        At stage 1 nothing is predicted yet, and ``K`` draws that many from the search's seed. `train` expects
        the rewards of what was returned last. Empty once the last stage is over.
        """
        if K is not None and self.stage == 1 and not self.history:
            self.children = self._drawn(require_count("K", K))
        self._asked = (
            len(self.children) if K is None else min(require_count("K", K), len(self.children))
        )
        return self.children[: self._asked]

    def train(self, rewards: Sequence[Reward]) -> TrainingReport:
        """Learn from the children of the last `get_actions`, and from all stages before.

        Args:
            rewards: one per child, in [0, 1]; None or NaN for a child that failed, which is left out.

        Raises:
            PnasError: this stage was trained already, or fewer than 2 children of the history succeeded.
            InvalidValue: a wrong number of rewards, or one outside [0, 1].
        """
        if len(self.history) == self.stage:
            raise PnasError(f"stage {self.stage} was trained already: call update() to go on")
        cells = self.children[: self._asked]
        stage = (cells, checked_rewards(rewards, len(cells)))
        if self.spec.warm_start:
            self.fit_history()
        losses = self._fit([*self.history, stage])
        self.history.append(stage)
        predicted = None if self.predictions is None else self.predictions[: len(cells)]
        return TrainingReport(
            kind=self.spec.kind,
            loss=losses[-1],
            losses=losses,
            **self._diagnosed(predicted, stage[1]),
        )

    def update(self, progress: Progress | None = None) -> Generation:
        """Go to the next stage: expand the children that have rewards, score, keep the best K.

        After the last stage there is nothing to go to: an empty generation, and `get_actions` is empty too.

        Raises:
            PnasError: this stage was not trained, or none of its children succeeded.
        """
        if len(self.history) < self.stage:
            raise PnasError(
                f"stage {self.stage} was not trained: call train(rewards) before update()"
            )
        generation = EMPTY_GENERATION if self.stage == self.B else self._next_generation(progress)
        self.stage = min(self.stage + 1, self.B)
        self.children = generation.cells
        self.predictions = generation.predictions
        self._asked = len(self.children)
        return generation

    def _next_generation(self, progress: Progress | None) -> Generation:
        survivors = [
            cell for cell, reward in zip(*self.history[-1], strict=True) if reward is not None
        ]
        if not survivors:
            raise PnasError(f"all {len(self.history[-1][0])} children of stage {self.stage} failed")
        trained = [cell for cells, _ in self.history for cell in cells]
        return grow(
            self.state_space,
            self.predictor,
            survivors,
            self.spec.K,
            self.spec.chunk,
            trained,
            progress,
            self._is_feasible,
        )

    # -- replay and files ----------------------------------------------------------------------------------

    def restore_history(
        self, stages: Sequence[tuple[Sequence[Cell], Sequence[Reward]]], fit: bool = True
    ) -> None:
        """Be as after `train` of the last of ``stages``, so that the search continues identically.

        Args:
            stages: (cells, rewards) of stages 1, 2, ... as they were trained.
            fit: Whether to fit the predictor here. `fit_history` does it later; `train` makes it
                unnecessary, but for warm starts.

        Raises:
            PnasError: as `train` does.
        """
        largest = max((len(cell) for cells, _ in stages for cell in cells), default=0)
        require(
            largest <= self.B,
            "state_space.B",
            f"must be at least {largest}, the blocks of cells trained",
            self.B,
        )
        checked = [(list(cells), checked_rewards(rewards, len(cells))) for cells, rewards in stages]
        self.predictor = make_predictor(self.state_space, self.spec)
        self._stages_fitted = 0
        self.history = checked
        if checked:
            self.stage = len(checked)
            self.children = checked[-1][0]
            self.predictions = None
            self._asked = len(self.children)
        if fit:
            self.fit_history()

    def fit_history(self) -> None:
        """Fit the predictor to the history, unless it is fitted to all of it already.

        Without warm starts a fit depends on the history alone, so that one is enough; with them
        there is one for each stage.
        """
        last = len(self.history)
        first = self._stages_fitted + 1 if self.spec.warm_start else last
        for stage in range(max(first, 1), last + 1):
            if stage > self._stages_fitted:
                self._fit(self.history[:stage])

    def begin_stage(self, cells: Sequence[Cell], predictions: Sequence[float] | None) -> None:
        """Take ``cells``, chosen by an earlier process, as the children of the stage after the history.

        Args:
            predictions: what was expected of each when it was chosen; None at stage 1.
        """
        self.stage = len(self.history) + 1
        self.children = list(cells)
        self.predictions = None if predictions is None else list(predictions)
        self._asked = len(self.children)

    def save(self, directory: Path | str) -> None:
        """Write the predictor to ``directory`` (``predictor.json``, ``weights.npz``)."""
        self.predictor.save(Path(directory))

    def restore(self, directory: Path | str) -> None:
        """Take over a predictor saved from this space or one with other B, in order to score with it.

        Raises:
            InvalidValue: nothing readable there, or another vocabulary (key ``from``).
        """
        self.predictor = load_predictor(directory, self.state_space)

    # -- internals -----------------------------------------------------------------------------------------

    def _initial_children(self) -> list[Cell]:
        return [
            cell
            for cell in self.state_space.initial_children()
            if self._is_feasible is None or self._is_feasible(cell)
        ]

    def _drawn(self, K: int) -> list[Cell]:
        cells = self._initial_children()
        rng = np.random.default_rng(derive_seed(self.seed, "initial children"))
        chosen = rng.permutation(len(cells))[:K]
        return [cells[i] for i in np.sort(chosen)]

    def _fit(self, stages: Sequence[Stage]) -> list[float]:
        cells, rewards = usable(stages)
        if len(cells) < 2:
            raise PnasError(
                f"the predictor needs at least 2 children with a reward, there are {len(cells)}"
            )
        stage = len(stages)
        seed = derive_seed(self.seed, "predictor", stage)
        report = self.predictor.fit(self.state_space.encode(cells), rewards, stage, seed)
        self._stages_fitted = stage
        return report.losses

    def _diagnosed(
        self, predicted: Sequence[float] | None, rewards: Sequence[Reward]
    ) -> dict[str, Any]:
        cells, known = usable(self.history)
        tokens = self.state_space.encode(cells)
        seed = derive_seed(self.seed, "diagnosis", len(self.history))
        fitted = self.predictor.predict(tokens).tolist()
        unseen = (
            rank_agreement([], [])
            if predicted is None
            else rank_agreement(predicted, rewards, seed)
        )
        fit = rank_correlation(fitted, known)
        diagnosis = {
            "kendall_fit": fit.kendall,
            **_suffixed(unseen, "next"),
            **self._unseen(tokens, known),
        }
        return {
            "spearman_fit": fit.spearman,
            "spearman_next": diagnosis.pop("spearman_next"),
            "diagnosis": diagnosis,
        }

    def _unseen(self, tokens: Tokens, rewards: Sequence[float]) -> dict[str, float | None]:
        """Rank correlations within the history, of cells that a fit had not seen."""
        stage = len(self.history)
        seed = derive_seed(self.seed, "diagnosis", stage)

        def fit_predict(
            seen: NDArray[np.intp], held_out: NDArray[np.intp], fold: int
        ) -> Sequence[float]:
            predictor = make_predictor(self.state_space, self.spec)
            predictor.fit(
                tokens[seen], [rewards[row] for row in seen], stage, derive_seed(seed, "fold", fold)
            )
            return [float(value) for value in predictor.predict(tokens[held_out])]

        predicted = cross_validated(fit_predict, len(rewards), self.spec.cross_validate, seed)
        return (
            {} if predicted is None else _suffixed(rank_agreement(predicted, rewards, seed), "cv")
        )


def _suffixed(agreement: Mapping[str, float | None], suffix: str) -> dict[str, float | None]:
    """``spearman_low`` as ``spearman_<suffix>_low``, and so on."""
    split = {name: name.partition("_") for name in agreement}
    return {
        f"{stem}_{suffix}{line}{end}": agreement[name] for name, (stem, line, end) in split.items()
    }


def usable(stages: Sequence[Stage]) -> tuple[list[Cell], list[float]]:
    """Cells that have a reward, and those rewards, in the order they were trained."""
    pairs = [(cell, r) for stage in stages for cell, r in zip(*stage, strict=True) if r is not None]
    return [cell for cell, _ in pairs], [r for _, r in pairs]


def checked_rewards(rewards: Sequence[Reward], children: int) -> list[Reward]:
    """Rewards as floats, NaN as None.

    Raises:
        InvalidValue: a wrong number of rewards, or one outside [0, 1].
    """
    require(
        len(rewards) == children,
        "rewards",
        f"must be one for each of {children} children",
        len(rewards),
    )
    plain = [None if r is None or math.isnan(r) else float(r) for r in rewards]
    for reward in plain:
        require(
            reward is None or 0 <= reward <= 1,
            "rewards",
            "must be in [0, 1], or None for a failed child",
            reward,
        )
    return plain
