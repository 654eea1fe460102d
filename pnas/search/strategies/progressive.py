"""`search=progressive`: the algorithm of the PNAS paper (arXiv 1712.00559, algorithm 1)."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pnas.controller import ControllerManager, Generation
from pnas.controller.candidate_scoring import EMPTY_GENERATION, exclude_cells
from pnas.controller.training_report import TrainingReport
from pnas.errors import require
from pnas.search.selection import Selection
from pnas.search.selection_quality import evaluate_selection
from pnas.search.strategies.base import Proposal, Reward, SearchHistory, StrategyContext
from pnas.search.strategies.front_of_history import FrontOfHistory
from pnas.search.strategies.growing_specs import ProgressiveSpec
from pnas.search.strategies.limits_of_history import LimitsOfHistory
from pnas.search.strategies.refinement_pool import RewardedCells
from pnas.seeds import derive_seed
from pnas.state_space import Candidates, Cell
from pnas.system.wording import plural

_WEIGHTS = "weights.npz"
_DESCRIPTION = "predictor.json"

_log = logging.getLogger(__name__)


class Progressive:
    """Proposes all cells of one block, then stage by stage the K best predicted extensions.

    Its settings may replace the cells of one block by a sample, leave room for unknown cells among
    the K, and add a random probe to them (`ProgressiveSpec`).
    """

    def __init__(self, context: StrategyContext, history: SearchHistory) -> None:
        assert isinstance(context.spec, ProgressiveSpec)
        self._spec = context.spec
        self._context = context
        self._space = context.space
        self._controller = ControllerManager(
            context.space,
            context.space.B,
            context.controller.K,
            spec=context.controller,
            seed=context.seed,
            is_feasible=context.is_feasible,
        )
        self._front = FrontOfHistory(context)
        self._limits = LimitsOfHistory(context)
        self._take_up(history)

    def ask(self) -> Proposal | None:
        """See `pnas.search.Strategy.ask`."""
        if not self._controller.history:
            return self._initial_stage()
        if self.is_over():
            return None
        self._controller.fit_history()
        return proposal_of(self._next_generation())

    def is_over(self) -> bool:
        """See `pnas.search.Strategy.is_over`."""
        return not self._is_growing()

    def tell(self, rewards: Sequence[Reward]) -> dict[str, Any]:
        """See `pnas.search.Strategy.tell`. The predictor is fitted to all rewards so far."""
        predictions = self._controller.predictions
        errors = {} if predictions is None else self._objective_errors()
        report = self._controller.train(rewards)
        stage = len(self._controller.history)
        record = self._learned(report, stage, predictions, rewards)
        if errors:
            record["objectives_next"] = errors
        return record

    def _learned(
        self,
        report: TrainingReport,
        stage: int,
        predictions: Sequence[float] | None,
        rewards: Sequence[Reward],
    ) -> dict[str, Any]:
        """Keep the predictor after ``stage``; return what summary.json shows of it."""
        quality = self._selection_quality(stage, predictions, rewards)
        record = report.as_record()
        record["selection_quality"] = quality
        # Readers of summary.json know it by its first name too.
        record["choice_next"] = quality
        record.update(self._save_predictor(stage))
        return record

    # -- stages ------------------------------------------------------------------------------------

    def _take_up(self, history: SearchHistory) -> None:
        """Be where the search of ``history`` stands. The predictor is fitted when it is needed."""
        if history.closed:
            stages = [(stage.cells, stage.rewards) for stage in history.closed]
            self._controller.restore_history(stages, fit=False)
        if history.open is not None:
            self._controller.begin_stage(history.open.cells, history.open.predictions)

    def _initial_stage(self) -> Proposal:
        cells = self._controller.get_actions(self._spec.first)
        return Proposal.unscored(cells)

    def _growing_stages(self) -> int:
        return self._controller.B

    def _is_growing(self) -> bool:
        return len(self._controller.history) < self._growing_stages()

    def _next_generation(self) -> Generation:
        """Choose the extensions of the last stage's cells that are trained next."""
        parents = self._front.best_first(self._rewarded_cells()[-1])
        if not parents and self._limits.are_wanted:
            self._warn_that_nothing_grows()
            return EMPTY_GENERATION
        is_paper = not (self._spec.uncertainty or self._spec.explore or self._spec.probe)
        is_paper = is_paper and not self._front.is_wanted and not self._limits.are_wanted
        if is_paper or not parents:
            return self._controller.update()  # which raises an error where there are no parents
        candidates = exclude_cells(self._space, self._space.expand(parents), self._asked_cells())
        selection = Selection(
            K=self._controller.spec.K,
            uncertainty=self._spec.uncertainty,
            explore=self._spec.explore,
            probe=self._spec.probe,
            chunk=self._controller.spec.chunk,
            is_feasible=self._context.is_feasible,
        )
        return self._select(candidates, selection)

    def _warn_that_nothing_grows(self) -> None:
        cells, _ = self._controller.history[-1]
        _log.warning(
            "search.constraints: none of the %s chosen last is within them, so that the search has "
            "nothing to extend and ends here; weaker constraints leave some",
            plural(len(cells), "cell"),
        )

    def _select(self, candidates: Candidates, selection: Selection) -> Generation:
        generation = self._generation(candidates, selection)
        self._controller.begin_stage(generation.cells, generation.predictions)
        return generation

    def _generation(self, candidates: Candidates, selection: Selection) -> Generation:
        stage = len(self._controller.history) + 1
        generator = np.random.default_rng(derive_seed(self._context.seed, "probe", stage))
        predictor = self._controller.predictor
        selection = self._limits.select(selection, self._asked_cells(), stage - 1)
        selection = self._front.select(selection, self._rewarded_cells())
        return selection.choose(self._space, predictor, candidates, generator)

    def _rewarded_cells(self) -> list[RewardedCells]:
        """Return the cells that have a reward, with it, by stage."""
        stages: list[RewardedCells] = []
        for stage_cells, stage_rewards in self._controller.history:
            pairs = zip(stage_cells, stage_rewards, strict=True)
            stages.append([(cell, reward) for cell, reward in pairs if reward is not None])
        return stages

    def _asked_cells(self) -> list[Cell]:
        asked: list[Cell] = []
        for cells, _ in self._controller.history:
            asked.extend(cells)
        return asked

    # -- what is left behind -----------------------------------------------------------------------

    def _selection_quality(
        self, stage: int, predictions: Sequence[float] | None, rewards: Sequence[Reward]
    ) -> dict[str, Any] | None:
        if predictions is None:
            return None
        count = self._count_chosen(stage, len(predictions))
        seed = derive_seed(self._context.seed, "judgement", stage)
        return evaluate_selection(predictions, rewards, count, seed)

    def _count_chosen(self, stage: int, children: int) -> int:
        """Return how many of the children of ``stage`` were chosen; the others are its probe."""
        if not self._spec.probe or stage > self._growing_stages():
            return children
        # The probe comes last, so that it is what a stage lacks which was cut short. K may have
        # been higher when the stage was chosen, if a rung was dropped since (`search.rungs`).
        K = self._controller.spec.K or children
        return max(min(K, children), children - self._spec.probe)

    def _objective_errors(self) -> dict[str, Any]:
        """Return how well all but the reward was predicted of the cells of the open stage."""
        cells = self._controller.children
        stage = len(self._controller.history)
        errors = self._limits.errors(self._asked_cells(), stage, cells)
        return errors | self._front.errors(self._rewarded_cells(), cells)

    def _save_predictor(self, stage: int) -> dict[str, str]:
        """Keep the predictor; return what distinguishes its weights from others."""
        if self._context.save_dir is None:
            return {}
        directory = self._context.save_dir / f"stage_{stage}"
        self._controller.save(directory)
        return {"weights_sha256": _file_hash(directory)}


def proposal_of(generation: Generation) -> Proposal | None:
    """Return the cells of ``generation`` as a proposal; None if it has none."""
    if not generation.cells:
        return None
    return Proposal(
        cells=generation.cells,
        predictions=generation.predictions,
        candidates_scored=generation.candidates_scored,
        unique_candidates=generation.unique_candidates,
        seconds=generation.seconds,
    )


def _file_hash(directory: Path) -> str:
    """Return the hash of a saved predictor's weights.

    The predictor of an extension may keep everything in its description.
    """
    weights = directory / _WEIGHTS
    path = weights if weights.is_file() else directory / _DESCRIPTION
    rule = f"must write {_DESCRIPTION} where it is saved"
    require(path.is_file(), "controller.predictor", rule, str(directory))
    return hashlib.sha256(path.read_bytes()).hexdigest()
