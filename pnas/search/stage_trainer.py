"""`StageTrainer`: trains the children of one stage, as far as the budget goes."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from pnas.errors import PnasError, require
from pnas.execution import soft_interrupts
from pnas.records import ChildJob, ChildRecord, ChildResult, Journal, Status
from pnas.records.cell_trainings import cell_key, is_repeated
from pnas.records.run_directory import ERRORS
from pnas.records.stop_rule import StopRule
from pnas.search.budget import Budget
from pnas.search.early_stop.learned_rule import learn_rule
from pnas.search.history import FEWEST_REWARDS, has_enough_to_learn
from pnas.search.strategies.search_spec import SearchSpec
from pnas.search.training_setup import TrainingSetup
from pnas.search.training_stage import TrainingStage
from pnas.search.weight_recovery import child_job
from pnas.state_space import Cell
from pnas.system.process_name import process_name

_ANSWERS_RULE = "must name an executor that yields the index of each job once, with its ChildResult"


_FEWEST_JUDGED = 8
"""Children, those of earlier stages included, by which a search that fails is told."""


class SearchFailed(PnasError):
    """So many children of a stage failed that the rest would win for having survived."""

    exit_code = 1


class StageTrainer:
    """Trains children and writes down how they ended. See `SearchLoop` for its arguments."""

    def __init__(
        self,
        *,
        training: TrainingSetup,
        journal: Journal,
        spec: SearchSpec,
        budget: Budget,
        early_stop: float = 0.0,
    ) -> None:
        self._training = training
        self._journal = journal
        self._spec = spec
        self._budget = budget
        self._measurements = training.measurements
        self._early_stop = early_stop

    @property
    def measured(self) -> Sequence[str]:
        """Names of what is measured of a child before its training."""
        return () if self._measurements is None else self._measurements.names

    def train(self, stage: TrainingStage) -> None:
        """Train the children of ``stage`` that have not ended.

        Raises:
            SearchFailed: More than ``search.max_failed`` of them failed.
            KeyboardInterrupt: Ctrl-C or SIGTERM.
        """
        self.stop_if_most_failed(stage)
        with soft_interrupts(self._training.grace) as interrupted:
            self._train_affordable(stage, interrupted)
        if interrupted():
            raise KeyboardInterrupt

    def _measure(
        self,
        stage: TrainingStage,
        affordable: Sequence[ChildRecord],
        interrupted: Callable[[], bool],
    ) -> None:
        """Measure the children that the budget has room for, if anything is measured.

        Raises:
            InvalidValue: The measurements of stage 1 leave nothing to train.
        """
        if self._measurements is None:
            return

        def may_go_on() -> bool:
            return not interrupted() and self._budget.has_time()

        for key, result in self._measurements.measure(affordable, may_go_on):
            self.end_child(stage, key, result)
            self.stop_if_most_failed(stage)
        if stage.number == 1:
            children = [self._journal.child(child.key) for child in stage.children]
            self._measurements.check_first_stage(children)

    def _train_affordable(self, stage: TrainingStage, interrupted: Callable[[], bool]) -> None:
        """Train the children of ``stage`` that the budget has room for.

        Children that are stopped early leave room for further ones, and so do those that failed or
        were left out, of which ``search.max_epochs`` counts no epochs.
        """
        rule = self._stop_rule(stage)
        has_progress = True
        while has_progress and not interrupted():
            left = len(stage.missing())
            affordable = self._budget.affordable(stage.missing())
            self._measure(stage, affordable, interrupted)
            # A child for which a measurement has left room is not measured yet.
            self._train(stage, stage.still_missing(affordable), rule, interrupted)
            has_progress = 0 < len(stage.missing()) < left

    def _stop_rule(self, stage: TrainingStage) -> StopRule | None:
        """Return what may stop children of ``stage``: it depends on the stages before it alone."""
        if not self._early_stop:
            return None
        children = self._journal.children()
        earlier = [child for child in children if child.b < stage.number]
        return learn_rule(earlier, self._early_stop)

    def _train(
        self,
        stage: TrainingStage,
        children: list[ChildRecord],
        rule: StopRule | None,
        interrupted: Callable[[], bool],
    ) -> None:
        missing = self.in_order(children)
        jobs = [self.job(child, rule) for child in missing]
        keys = {job_id(job): child.key for job, child in zip(jobs, missing, strict=True)}
        unanswered = set(range(len(jobs)))
        may_start_all = True

        def may_start(job: ChildJob) -> bool:
            nonlocal may_start_all
            if interrupted() or not self._budget.has_time_for(job):
                may_start_all = False
                return False
            self.start_child(keys[job_id(job)])
            return True

        for answer in self._training.executor.run(jobs, may_start):
            _check_answer(answer, unanswered)
            index, result = answer
            unanswered.remove(index)
            ended = self.end_child(stage, missing[index].key, result)
            if ended.status is Status.FAILED:
                self.stop_if_most_failed(stage)
        if may_start_all and not interrupted():
            require(not unanswered, "executor.kind", _ANSWERS_RULE, f"{len(unanswered)} unanswered")

    def job(self, child: ChildRecord, rule: StopRule | None = None) -> ChildJob:
        """Return the job that trains ``child``, which ``rule`` may stop early."""
        first_seed = None
        if is_repeated(child):
            first_seed = self._journal.child(cell_key(child.key)).seed
        training = self._training
        return child_job(child, training.weights_dir, training.kept_dir, rule, first_seed)

    def start_child(self, key: str) -> None:
        """Write down that an attempt to train the child ``key`` begins."""
        self._journal.start_child(key, process_name())

    def in_order(self, children: list[ChildRecord]) -> list[ChildRecord]:
        """Return those that the budget has room for, in the order in which they are started."""
        affordable = self._budget.affordable(children)
        # Where time may run out, the most promising are trained before it does.
        cost = self._training.cost
        if cost is None or self._spec.max_seconds is not None:
            return affordable
        costs = [cost(child.cell) for child in affordable]
        # A cell's trainings lie apart, so that each worker trains the cells again that it knows.
        rounds = _occurrences([child.cell for child in affordable])
        order = sorted(range(len(affordable)), key=lambda index: (rounds[index], -costs[index]))
        return [affordable[index] for index in order]

    def end_child(
        self, stage: TrainingStage, key: str, result: ChildResult, at: float | None = None
    ) -> ChildRecord:
        """Write down how a child of ``stage`` ended, at a date or now, and return its record."""
        result = _with_finite_reward(result)
        if self._measurements is not None:
            result = self._measurements.with_facts(key, result)
        self._journal.end_child(key, result, at)
        self._keep_log(key, result)
        ended = self._journal.child(key)
        stage.update(ended)
        self._budget.count(ended)
        for observer in self._training.observers:
            observer.child_ended(ended)
        return ended

    def _keep_log(self, key: str, result: ChildResult) -> None:
        """Write what is known of a failure beside the journal, which has one line of it."""
        if not result.log:
            return
        path = self._journal.path.parent / ERRORS / f"{key}.log"
        with suppress(OSError):  # a full disk is reported by the journal
            path.parent.mkdir(exist_ok=True)
            text = f"{result.cell}\n{result.error}\n\n{result.log}\n"
            path.write_text(text, encoding="utf-8")

    def stop_if_most_failed(self, stage: TrainingStage, total: int | None = None) -> None:
        """Stop where too many children of ``stage`` failed.

        A search that can go on without the rewards of a stage counts a small one together with
        what was trained before it, so that a single failure ends no search of ``batch=1``.

        Args:
            stage: The stage.
            total: Number of children that it is going to have; None for those that it has.

        Raises:
            SearchFailed: More than ``search.max_failed`` of them failed.
        """
        failed = stage.failed()
        if not failed:
            return
        total = len(stage.children) if total is None else total
        before = self._judged_with(stage, total)
        failed = [*(child for child in before if child.has_failed), *failed]
        of_all = total + len(before)
        if of_all == 1 and self._spec.can_lose_a_stage and self._spec.max_failed > 0:
            return  # of the only child so far it cannot be told
        if len(failed) > self._spec.max_failed * of_all:
            of_stage = f"{total} children of stage {stage.number}"
            judged = f"last {of_all} children" if before else of_stage
            raise SearchFailed(
                f"{len(failed)} of the {judged} failed, more than "
                f"search.max_failed={self._spec.max_failed} allows{_way_on(failed)}"
            )

    def _judged_with(self, stage: TrainingStage, total: int) -> list[ChildRecord]:
        """Return the children of earlier stages by which a stage of ``total`` is judged too."""
        count = _FEWEST_JUDGED - total
        if not self._spec.can_lose_a_stage or count <= 0:
            return []
        children = self._journal.children()
        ended = [child for child in children if child.b < stage.number and child.ended_at]
        return ended[-count:]

    def stop_if_too_few_to_learn_from(self, stage: TrainingStage) -> None:
        """Stop where ``stage`` and those before it leave the predictor nothing to learn.

        Short trainings are asked too: no longer ones would follow those that failed.

        Raises:
            SearchFailed: Fewer than two cells were trained.
        """
        failed = stage.failed()
        learns = self._spec.uses_predictor and self._spec.failed_reward == "exclude"
        if learns and failed and not has_enough_to_learn(self._journal):
            raise SearchFailed(
                f"{len(failed)} of the {len(stage.children)} children of stage {stage.number} "
                f"failed, and the predictor needs {FEWEST_REWARDS} that did not{_way_on(failed)}"
            )


def _way_on(failed: Sequence[ChildRecord]) -> str:
    """Return the last failure, and what trains the failed children again, as the end of a line."""
    last = failed[-1]
    return (
        f"; the last one: {last.error} ({ERRORS}/{last.key}.log). search.retry_failed=true trains "
        "them anew"
    )


def job_id(job: ChildJob) -> tuple[Cell, int]:
    """Return what distinguishes a training from others; a cell may be trained several times."""
    return job.cell, job.seed


def _occurrences(cells: Sequence[Cell]) -> list[int]:
    """Return how often each of ``cells`` occurs before its place in the list."""
    seen: Counter[Cell] = Counter()
    occurrences = []
    for cell in cells:
        occurrences.append(seen[cell])
        seen[cell] += 1
    return occurrences


def _with_finite_reward(result: ChildResult) -> ChildResult:
    """Return ``result``, failed if its reward is no finite number, which nothing learns from."""
    if result.reward is None or math.isfinite(result.reward):
        return result
    error = f"its reward is no finite number ({result.reward})"
    return replace(result, status=Status.FAILED, reward=None, error=error)


def _check_answer(answer: tuple[int, ChildResult], unanswered: Collection[int]) -> None:
    """Check what an executor yields, which may be one of an extension."""
    is_pair = isinstance(answer, tuple) and len(answer) == 2
    is_answer = is_pair and isinstance(answer[0], int) and isinstance(answer[1], ChildResult)
    is_answer = is_answer and answer[0] in unanswered
    require(is_answer, "executor.kind", _ANSWERS_RULE, answer)
