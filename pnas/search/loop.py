"""The search loop: the paper's Algorithm 1, resumable at any instant.

Whatever is decided or found goes into the journal first; a loop that starts again on the same journal takes
from it all that was done before.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pnas.errors import PnasError
from pnas.execution import Executor, soft_interrupts
from pnas.records import ChildJob, ChildRecord, ChildResult, Choice, Journal, Status, best_child
from pnas.records.evaluation_cache import seed_if_cached
from pnas.records.run_directory import ERRORS
from pnas.search.budget import STOPPED_BY, Budget
from pnas.search.strategies.base import Proposal, Strategy
from pnas.search.strategies.specs import SearchSpec
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
        spec: how many children may fail, what a failed one counts, and what the search may spend.
        grace: seconds that the first Ctrl-C waits for the children that run.
        effort: what a cell's child takes, in any unit. Longest first keeps workers busy until a stage's end.
        budget: None: that of ``spec``, for children of one epoch.
    """

    def __init__(
        self,
        strategy: Strategy,
        executor: Executor,
        journal: Journal,
        identify: Callable[[Cell], tuple[str, int]],
        weights_dir: Path | None = None,
        observers: Sequence[Observer] = (),
        spec: SearchSpec | None = None,
        grace: float = 30.0,
        cost: Callable[[Cell], float] | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._strategy = strategy
        self._executor = executor
        self._journal = journal
        self._identify = identify
        self._weights_dir = weights_dir
        self._observers = observers
        self._spec = spec or SearchSpec()
        self._grace = grace
        self._budget = budget or Budget(self._spec, journal)
        self._cost = cost

    def run(self) -> None:
        """Search to the end, or as far as the budget goes.

        Raises:
            SearchFailed: more than ``search.max_failed`` of a stage's children failed.
            KeyboardInterrupt: Ctrl-C or SIGTERM. What is not in the journal by then is trained next time.
        """
        self._reopen()
        self._replay_closed_stages()
        while (b := self._next_stage()) is not None:
            self._train_missing(b)
            self._stop_if_most_failed(b)
            if self._is_cut_short(b):
                return self._end_early(b)
            self._learn(b)
        self._restore_best_weights()
        return None

    def _reopen(self) -> None:
        """Take up what an earlier command left undone: a stage cut short by a budget, children that failed."""
        self._journal.set_meta(**{STOPPED_BY: None})
        self._journal.reopen_unfinished_stage()
        stages = self._journal.stages()
        if self._spec.retry_failed and stages and stages[-1].closed_at is None:
            self._journal.reopen_failed(stages[-1].b)

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
        if (limit := self._budget.limit_reached()) is not None and not self._strategy.is_over():
            self._journal.set_meta(**{STOPPED_BY: limit})
            return None
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
        scored = proposal.candidates_scored
        unique = proposal.unique_candidates
        self._journal.open_stage(b, choices, scored, unique, proposal.seconds)

    def _announce(self, b: int) -> int:
        children = self._journal.children(b)
        for observer in self._observers:
            observer.stage_opened(b, children)
        return b

    def _train_missing(self, b: int) -> None:
        self._stop_if_most_failed(b)
        missing = self._in_order(
            [child for child in self._journal.children(b) if child.status is Status.CHOSEN]
        )
        keys = {child.cell: child.key for child in missing}
        jobs = [self._job(child) for child in missing]

        def may_start(job: ChildJob) -> bool:
            if interrupted() or not self._budget.has_time():
                return False
            self._journal.start_child(
                keys[job.cell], f"process {os.getpid()} on {os.uname().nodename}"
            )
            return True

        with soft_interrupts(self._grace) as interrupted:
            for index, result in self._executor.run(jobs, may_start):
                self._end_child(missing[index].key, result)
                if result.status is Status.FAILED:
                    self._stop_if_most_failed(b)
        if interrupted():
            raise KeyboardInterrupt

    def _in_order(self, children: list[ChildRecord]) -> list[ChildRecord]:
        """Those that the budget lets be trained, longest first; the best predicted first if time may run out."""
        children = children[: self._budget.children_left()]
        if self._cost is None or self._spec.max_seconds is not None:
            return children
        cost = {child.key: self._cost(child.cell) for child in children}
        return sorted(children, key=lambda child: -cost[child.key])

    def _end_child(self, key: str, result: ChildResult) -> None:
        self._keep_log(key, result)
        self._journal.end_child(key, result)
        ended = self._journal.child(key)
        for observer in self._observers:
            observer.child_ended(ended)

    def _keep_log(self, key: str, result: ChildResult) -> None:
        """Leave what is known of a failure beside the journal, which has one line of it."""
        path = self._journal.path.parent / ERRORS / f"{key}.log"
        if result.log:
            with suppress(OSError):  # a full disk is the journal's to report
                path.parent.mkdir(exist_ok=True)
                path.write_text(f"{result.cell}\n{result.error}\n\n{result.log}\n")

    def _restore_best_weights(self) -> None:
        """Train the winner once more if its weights are gone: it lost under an earlier plan, to a child now spare."""
        best = best_child(self._journal.children())
        if best is None or seed_if_cached(best.metrics) is not None:  # a cache holds no weights
            return
        if self._weights_dir is None or (path := self._weights_dir / f"{best.key}.npz").is_file():
            return
        for _, result in self._executor.run([self._job(best)]):
            self._journal.note("weights_restored", key=best.key, reward=result.reward)
            if (
                result.reward != best.reward
            ):  # another machine or library: not the weights that were rewarded
                path.unlink(missing_ok=True)

    def _job(self, child: ChildRecord) -> ChildJob:
        path = None if self._weights_dir is None else str(self._weights_dir / f"{child.key}.npz")
        return ChildJob(child.cell, child.seed, path)

    def _stop_if_most_failed(self, b: int) -> None:
        children = self._journal.children(b)
        failed = [child for child in children if child.status is Status.FAILED]
        if len(failed) > self._spec.max_failed * len(children):
            raise SearchFailed(
                f"{len(failed)} of the {len(children)} children of stage {b} failed, more than "
                f"search.max_failed={self._spec.max_failed} allows; the last one: {failed[-1].error} "
                f"({ERRORS}/{failed[-1].key}.log). search.retry_failed=true trains them anew"
            )

    def _is_cut_short(self, b: int) -> bool:
        return any(child.status is Status.CHOSEN for child in self._journal.children(b))

    def _end_early(self, b: int) -> None:
        """The budget ended before stage ``b`` did. What there is is learned all the same, if it can be."""
        self._journal.set_meta(**{STOPPED_BY: self._budget.limit_reached()})
        if (
            any(child.status is Status.OK for child in self._journal.children(b))
            and self._has_enough_to_learn()
        ):
            self._learn(b)

    def _has_enough_to_learn(self) -> bool:
        return sum(child.reward is not None for child in self._journal.children()) >= 2

    def _learn(self, b: int) -> None:
        for observer in self._observers:
            observer.learning(b)
        learned = self._strategy.tell(self._rewards(b))
        self._journal.close_stage(b, learned)
        for observer in self._observers:
            observer.stage_closed(b)

    def _rewards(self, b: int) -> list[float | None]:
        """The stage's rewards as the predictor is told them."""
        children = self._journal.children(b)
        worst = self._worst_reward(b) if self._spec.failed_reward == "worst" else None
        return [worst if child.status is Status.FAILED else child.reward for child in children]

    def _worst_reward(self, b: int) -> float | None:
        children = self._journal.children()
        return min(
            (child.reward for child in children if child.b <= b and child.reward is not None),
            default=None,
        )
