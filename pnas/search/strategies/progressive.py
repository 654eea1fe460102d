"""`search=progressive`: the paper's algorithm, as a strategy around `ControllerManager`, and what goes beyond it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pnas.controller import ControllerManager, Generation
from pnas.controller.candidate_scoring import Feasibility, exclude_cells
from pnas.search.selection import Selection
from pnas.search.selection_quality import evaluate_selection
from pnas.search.strategies.base import Proposal
from pnas.search.strategies.refinement import Pool
from pnas.search.strategies.specs import SearchSpec
from pnas.seeds import derive_seed
from pnas.state_space import Candidates, Cell


class Progressive:
    """All cells of one block first; then, stage by stage, the K best predicted extensions of the last stage's.

    ``spec`` may change that: a sample of the first cells, room for the unknown among the K, a random probe beside
    them, and rounds at full size after the last stage (`pnas.search.SearchSpec`).

    Args:
        controller: fresh; decides B and K.
        save_dir: where the predictor of each stage is kept, as ``stage_<b>``; None = nowhere.
        spec: None for the paper's algorithm.
        allows: says of a cell whether it may be trained; for what ``spec`` adds.
    """

    def __init__(
        self,
        controller: ControllerManager,
        save_dir: Path | None = None,
        spec: SearchSpec | None = None,
        is_feasible: Feasibility | None = None,
    ) -> None:
        self._controller = controller
        self._save_dir = save_dir
        self._spec = spec or SearchSpec()
        self._is_feasible = is_feasible
        space = controller.state_space
        self._pool = Pool(space, self._spec.refine_pool, self._spec.refine_parents, controller.seed)
        self._closed: list[tuple[Sequence[Cell], Sequence[float | None]]] = []
        self._resumed: tuple[Sequence[Cell], Sequence[float] | None] | None = None

    def ask(self) -> Proposal | None:
        self._catch_up()
        stages = len(self._controller.history)
        if not stages:
            cells = self._controller.get_actions(self._spec.first)
            return Proposal(cells, None, 0, len(cells), 0.0)
        if stages >= self._controller.B and not self._spec.refine:
            return None
        generation = self._refined() if stages >= self._controller.B else self._grown()
        self._controller.get_actions()
        return Proposal(*generation) if generation.cells else None

    def is_over(self) -> bool:
        if len(self._controller.history) + len(self._closed) < self._controller.B:
            return False
        closed = [cell for cells, _ in self._closed for cell in cells]
        return not self._spec.refine or self._pool.is_exhausted([*self._trained(), *closed])

    def resume(self, cells: Sequence[Cell], predictions: Sequence[float] | None) -> None:
        self._resumed = (cells, predictions)

    def replay(self, rewards: Sequence[float | None]) -> None:
        assert self._resumed is not None, "replay follows resume"
        self._closed.append((self._resumed[0], rewards))
        self._resumed = None

    def tell(self, rewards: Sequence[float | None]) -> dict[str, Any]:
        self._catch_up(fit=False)  # that follows here
        predictions = self._controller.predictions
        stage = len(self._controller.history) + 1
        report = self._controller.train(rewards)
        K = self._controller.spec.K if stage <= self._controller.B else None
        seed = derive_seed(self._controller.seed, "judgement", stage)
        judged = None if predictions is None else evaluate_selection(predictions, rewards, K, seed)
        return {**report.as_record(), "choice_next": judged, **self._save(stage)}

    # -- the two kinds of stages ---------------------------------------------------------------------------------

    def _grown(self) -> Generation:
        """The next size: as the paper has it, unless something is added to that."""
        controller = self._controller
        spec = self._spec
        if not (spec.uncertainty or spec.explore or spec.probe):
            return controller.update()
        parents = [cell for cell, _ in self._succeeded()[-1]]
        if not parents:
            return controller.update()  # which says what is wrong
        candidates = exclude_cells(
            controller.state_space, controller.state_space.expand(parents), self._trained()
        )
        return self._choose(candidates, controller.spec.K, spec.explore, spec.probe)

    def _refined(self) -> Generation:
        """A round at full size."""
        candidates = self._pool.candidates(self._succeeded(), self._trained())
        return self._choose(candidates, self._spec.refine)

    def _choose(
        self, candidates: Candidates, K: int | None, explore: float = 0.0, probe: int = 0
    ) -> Generation:
        controller = self._controller
        chunk = controller.spec.chunk
        selection = Selection(K, self._spec.uncertainty, explore, probe, chunk, self._is_feasible)
        generator = np.random.default_rng(
            derive_seed(controller.seed, "probe", len(controller.history) + 1)
        )
        generation = selection.choose(
            controller.state_space, controller.predictor, candidates, generator
        )
        controller.begin_stage(generation.cells, generation.predictions)
        return generation

    def _succeeded(self) -> list[list[tuple[Cell, float]]]:
        return [
            [(c, r) for c, r in zip(*stage, strict=True) if r is not None]
            for stage in self._controller.history
        ]

    def _trained(self) -> list[Cell]:
        return [cell for cells, _ in self._controller.history for cell in cells]

    # -- files and replay --------------------------------------------------------------------------------------------

    def _save(self, stage: int) -> dict[str, str]:
        """Keep the predictor, and return what tells its weights from others."""
        if self._save_dir is None:
            return {}
        self._controller.save(directory := self._save_dir / f"stage_{stage}")
        weights = (
            directory / "weights.npz"
        )  # an extension's predictor may keep everything in its description
        saved = weights if weights.is_file() else directory / "predictor.json"
        return {"weights_sha256": hashlib.sha256(saved.read_bytes()).hexdigest()}

    def _catch_up(self, fit: bool = True) -> None:
        """Take up all closed stages, and refit once from them if the predictor is needed as it was."""
        if self._closed:
            self._controller.restore_history(self._closed, fit)
            self._closed = []
        if self._resumed is not None:
            self._controller.begin_stage(*self._resumed)
            self._resumed = None
