"""The search loop: the paper's Algorithm 1, resumable at any instant.

Whatever is decided or found goes into the journal first; a loop that starts again on the same journal takes
from it all that was done before.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from pnas.errors import PnasError
from pnas.execution import Executor
from pnas.records import ChildJob, ChildRecord, Choice, Journal, Status, best_child
from pnas.search.strategy import Proposal, Strategy
from pnas.state_space import Cell


class SearchFailed(PnasError):
    """So many children of a stage failed that going on would crown a survivor."""

    exit_code = 1


class Observer(Protocol):
    """Is told what happened after the journal holds it. It may show it, never change it."""

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None: ...

    def child_ended(self, child: ChildRecord) -> None: ...

    def learning(self, b: int) -> None:
        """The stage's children have ended; the predictor learns and scores the next candidates."""
        ...

    def stage_closed(self, b: int) -> None: ...


class SearchLoop:
    """Runs one search.

    Args:
        strategy: asks for cells and is told their rewards.
        executor: trains children.
        journal: of this search; may already hold a part of it.
        identify: gives each cell its key and seed.
        weights_dir: where children leave their weights, or None.
        observers: told of each event.
        max_failed: share of a stage's children that may fail.
    """

    def __init__(
        self,
        strategy: Strategy,
        executor: Executor,
        journal: Journal,
        identify: Callable[[Cell], tuple[str, int]],
        weights_dir: Path | None = None,
        observers: Sequence[Observer] = (),
        max_failed: float = 0.5,
    ) -> None:
        self._strategy, self._executor, self._journal = strategy, executor, journal
        self._identify, self._weights_dir = identify, weights_dir
        self._observers, self._max_failed = observers, max_failed

    def run(self) -> None:
        """Search to the end.

        Raises:
            SearchFailed: more than ``max_failed`` of a stage's children failed.
        """
        self._replay_closed_stages()
        while (b := self._next_stage()) is not None:
            self._train_missing(b)
            self._stop_if_most_failed(b)
            self._learn(b)
        self._restore_best_weights()

    def _replay_closed_stages(self) -> None:
        for stage in self._journal.stages():
            if stage.closed_at is not None:
                self._resume(stage.b)
                self._strategy.replay(self._rewards(stage.b))

    def _next_stage(self) -> int | None:
        """Number of the stage to train: one left open by an earlier process, or a new one."""
        stages = self._journal.stages()
        if stages and stages[-1].closed_at is None:
            self._resume(stages[-1].b)
            return self._announce(stages[-1].b)
        proposal = self._strategy.ask()
        if proposal is None:
            return None
        self._open(b := len(stages) + 1, proposal)
        return self._announce(b)

    def _resume(self, b: int) -> None:
        children = self._journal.children(b)
        predictions = [child.predicted for child in children if child.predicted is not None]
        self._strategy.resume([child.cell for child in children], predictions or None)

    def _open(self, b: int, proposal: Proposal) -> None:
        predictions: Sequence[float | None] = proposal.predictions or [None] * len(proposal.cells)
        choices = [
            Choice(cell, *self._identify(cell), predicted)
            for cell, predicted in zip(proposal.cells, predictions, strict=True)
        ]
        scored, unique = proposal.candidates_scored, proposal.unique_candidates
        self._journal.open_stage(b, choices, scored, unique, proposal.seconds)

    def _announce(self, b: int) -> int:
        children = self._journal.children(b)
        for observer in self._observers:
            observer.stage_opened(b, children)
        return b

    def _train_missing(self, b: int) -> None:
        missing = [child for child in self._journal.children(b) if child.status is Status.CHOSEN]
        if missing:
            worker = f"process {os.getpid()} on {os.uname().nodename}"
            self._journal.start_children([child.key for child in missing], worker)
        for index, result in self._executor.run([self._job(child) for child in missing]):
            self._journal.end_child(missing[index].key, result)
            ended = self._journal.child(missing[index].key)
            for observer in self._observers:
                observer.child_ended(ended)

    def _restore_best_weights(self) -> None:
        """Train the winner once more if its weights are gone: it lost under an earlier plan, to a child now spare."""
        best = best_child(self._journal.children())
        if best is None or self._weights_dir is None or (path := self._weights_dir / f"{best.key}.npz").is_file():
            return
        for _, result in self._executor.run([self._job(best)]):
            self._journal.note("weights_restored", key=best.key, reward=result.reward)
            if result.reward != best.reward:  # another machine or library: not the weights that were rewarded
                path.unlink(missing_ok=True)

    def _job(self, child: ChildRecord) -> ChildJob:
        path = None if self._weights_dir is None else str(self._weights_dir / f"{child.key}.npz")
        return ChildJob(child.cell, child.seed, path)

    def _stop_if_most_failed(self, b: int) -> None:
        children = self._journal.children(b)
        failed = [child for child in children if child.status is Status.FAILED]
        if len(failed) > self._max_failed * len(children):
            raise SearchFailed(
                f"{len(failed)} of the {len(children)} children of stage {b} failed, more than "
                f"search.max_failed={self._max_failed} allows; the last one: {failed[-1].error}"
            )

    def _learn(self, b: int) -> None:
        for observer in self._observers:
            observer.learning(b)
        learned = self._strategy.tell(self._rewards(b))
        self._journal.close_stage(b, learned)
        for observer in self._observers:
            observer.stage_closed(b)

    def _rewards(self, b: int) -> list[float | None]:
        return [child.reward for child in self._journal.children(b)]
