"""`search=progressive`: the paper's algorithm, as a strategy around `ControllerManager`."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pnas.controller import ControllerManager
from pnas.search.strategy import Proposal
from pnas.state_space import Cell


class Progressive:
    """All cells of one block first; then, stage by stage, the K best predicted extensions of the last stage's.

    Args:
        controller: fresh; decides B and K.
        save_dir: where the predictor of each stage is kept, as ``stage_<b>``; None = nowhere.
    """

    def __init__(self, controller: ControllerManager, save_dir: Path | None = None) -> None:
        self._controller, self._save_dir = controller, save_dir
        self._closed: list[tuple[Sequence[Cell], Sequence[float | None]]] = []
        self._resumed: tuple[Sequence[Cell], Sequence[float] | None] | None = None

    def ask(self) -> Proposal | None:
        self._catch_up()
        if not self._controller.history:
            cells = self._controller.get_actions()
            return Proposal(cells, None, 0, len(cells), 0.0)
        if self._controller.stage == self._controller.B:
            return None
        generation = self._controller.update()
        self._controller.get_actions()
        return Proposal(*generation) if generation.cells else None

    def is_over(self) -> bool:
        return len(self._controller.history) + len(self._closed) == self._controller.B

    def resume(self, cells: Sequence[Cell], predictions: Sequence[float] | None) -> None:
        self._resumed = (cells, predictions)

    def replay(self, rewards: Sequence[float | None]) -> None:
        assert self._resumed is not None, "replay follows resume"
        self._closed.append((self._resumed[0], rewards))
        self._resumed = None

    def tell(self, rewards: Sequence[float | None]) -> dict[str, Any]:
        self._catch_up()
        report = self._controller.train(rewards)
        return {**report.as_record(), **self._save()}

    def _save(self) -> dict[str, str]:
        """Keep the predictor, and return what tells its weights from others."""
        if self._save_dir is None:
            return {}
        self._controller.save(directory := self._save_dir / f"stage_{self._controller.stage}")
        return {"weights_sha256": hashlib.sha256((directory / "weights.npz").read_bytes()).hexdigest()}

    def _catch_up(self) -> None:
        """Refit once from all closed stages, when the predictor is needed and not before."""
        if self._closed:
            self._controller.restore_history(self._closed)
            self._closed = []
        if self._resumed is not None:
            self._controller.begin_stage(*self._resumed)
            self._resumed = None
