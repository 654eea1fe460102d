"""`RunView`: what the journal of a run says, as reports ask for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pnas.records import ChildRecord, Event, StageRecord, best_child
from pnas.records.cell_trainings import has_ended_short, has_ended_whole, is_short
from pnas.records.front import Front
from pnas.records.run_task import task_of
from pnas.records.training_record import Training
from pnas.reports.data.scored_cell import ScoredCell, from_children
from pnas.reports.data.training_times import Pause, pauses_between
from pnas.state_space import Cell

_WITHOUT_STAGE_SIZE = ("random", "evolution")
"""Strategies that read no ``controller.K``."""

_WITHOUT_PREDICTOR = (*_WITHOUT_STAGE_SIZE, "progressive_random")
"""Strategies that choose without a predictor."""


@dataclass(frozen=True)
class RunView:
    """What one journal says of its search.

    Attributes:
        path: The run directory.
        name: Name of the search.
        status: running, interrupted (it says running, but no process holds it), finished or failed.
        config: The resolved configuration, nested.
        choices: Option chosen in each configuration group.
        children: Children in the order in which they were chosen.
        stages: Stages in order.
        stage_figures: The stages as summary.json has them.
        events: Events in order.
        seconds: Wall-clock time of all commands of this search together.
        test_accuracy: Test accuracy of the best child, once the search has finished.
        stopped_by: Budget that ended the search.
        sweep: Name of its multirun.
        started_at: Start in seconds since the epoch.
        fingerprint: Fingerprint of the data that rewards were measured on.
        overrides: Overrides of the command that started it; empty where none are stored.
        winner: What summary.json calls the winner; None where no cell was trained again.
        optimism: By how much the highest reward is expected to be too high; None if unknown.
        front: The front of a search of several objectives; None of any other.
        training: The trainings of a `task=train`; None of a search.
        predicted_seconds: Seconds that the whole search is predicted to take; None if not known.
    """

    path: Path
    name: str
    status: str
    config: Mapping[str, Any]
    choices: Mapping[str, str]
    children: list[ChildRecord]
    stages: list[StageRecord]
    stage_figures: list[dict[str, Any]]
    events: list[Event]
    seconds: float
    test_accuracy: float | None
    stopped_by: str | None
    sweep: str | None
    started_at: float | None
    fingerprint: str | None
    overrides: tuple[str, ...] = ()
    winner: Mapping[str, Any] | None = None
    optimism: float | None = None
    front: Front | None = None
    training: Training | None = None
    predicted_seconds: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """Seconds until a running search is predicted to end; None if that is not known."""
        if self.status != "running" or self.predicted_seconds is None:
            return None
        return max(0.0, self.predicted_seconds - self.seconds)

    @cached_property
    def best(self) -> ChildRecord | None:
        """Child of the highest reward; of trainings, the one that `Training.best` chooses."""
        if self.training is None:
            return best_child(self.children)
        best = self.training.best()
        by_key = {child.key: child for child in self.children}
        return None if best is None else by_key[best.id]

    @property
    def task(self) -> str:
        """Name of the task that made the run."""
        return task_of(self.config)

    @property
    def has_results(self) -> bool:
        """Whether there is anything to report: a child that has ended, or a training's epoch."""
        return any(child.ended_at is not None or child.metrics for child in self.children)

    @cached_property
    def trained(self) -> int:
        """Number of children that have a reward."""
        return sum(has_ended_whole(child) for child in self.children)

    @cached_property
    def short_trainings(self) -> int:
        """Number of short trainings that were successful."""
        return sum(has_ended_short(child) for child in self.children)

    @cached_property
    def whole(self) -> list[ChildRecord]:
        """Children that are trained whole."""
        return [child for child in self.children if not is_short(child)]

    @property
    def rungs(self) -> list[dict[str, Any]]:
        """What is known of the agreement of each rung with whole trainings; [] without rungs."""
        for stage in reversed(self.stages):
            known = (stage.predictor or {}).get("rungs")
            if known:
                return list(known)
        return []

    @cached_property
    def failed(self) -> list[ChildRecord]:
        """Children whose training failed."""
        return [child for child in self.children if child.has_failed]

    @cached_property
    def left_out(self) -> int:
        """Number of children that were not trained, because they break a constraint."""
        return sum(child.is_left_out for child in self.children)

    @cached_property
    def stopped(self) -> list[ChildRecord]:
        """Children whose training was stopped early."""
        return [child for child in self.children if child.stopped_after is not None]

    @cached_property
    def ended(self) -> list[ChildRecord]:
        """Children that have ended, in the order in which they did."""
        ended = [child for child in self.children if child.ended_at is not None]
        return sorted(ended, key=lambda child: (child.ended_at or 0.0, child.id))

    @cached_property
    def cells(self) -> list[ScoredCell]:
        """The children that are trained whole as cells of a ranking, in the order of ``whole``."""
        return from_children(self.children, growing_stages=self.growing_stages)

    @property
    def found_cell(self) -> Cell | None:
        """The cell that the search found: its winner, or else the cell of its best child."""
        if self.winner is not None:
            return Cell.parse(self.winner["cell"])
        return None if self.best is None else self.best.cell

    @property
    def winner_reward(self) -> float | None:
        """Mean reward of the winner; None where no cell was trained again."""
        return None if self.winner is None else self.winner["mean"]

    @property
    def found_test_accuracy(self) -> float | None:
        """Test accuracy of what the search found: of its winner, or else of its best child."""
        if self.winner is None:
            return self.test_accuracy
        found: float | None = self.winner["test_accuracy"]
        return found

    @property
    def B(self) -> int | None:
        """Number of blocks of the largest cells."""
        value = self.value("state_space.B")
        return value if isinstance(value, int) else None

    @property
    def growing_stages(self) -> int | None:
        """Number of stages before a refinement; a mixed start is one."""
        return 1 if self.has_mixed_start else self.B

    @property
    def has_mixed_start(self) -> bool:
        """Whether the first stage has cells of full size too."""
        return self.value("search.start") == "mixed"

    @property
    def is_refined(self) -> bool:
        """Whether the search goes on in rounds at full size."""
        return bool(self.value("search.refine"))

    @property
    def may_predict(self) -> bool:
        """Whether the run is a search by a strategy that has a predictor."""
        return self.task == "search" and self.value("search.kind") not in _WITHOUT_PREDICTOR

    @property
    def reads_K(self) -> bool:
        """Whether ``controller.K`` means anything in the run."""
        has_stages = self.task == "search" and self.value("search.kind") not in _WITHOUT_STAGE_SIZE
        return has_stages and not self.has_mixed_start

    @property
    def is_tabular(self) -> bool:
        """Whether rewards were read from a table instead of being measured by training."""
        return self.value("trainer.table") is not None

    @property
    def concat(self) -> str:
        """Blocks that make up a cell's output: "all" or "unused"."""
        return "unused" if self.value("child.concat") == "unused" else "all"

    def value(self, key: str, default: Any = None) -> Any:
        """Return a configured value by its dotted key (``controller.K``)."""
        node: Any = self.config
        for part in key.split("."):
            node = node.get(part, default) if isinstance(node, Mapping) else default
        return node

    @property
    def predictor(self) -> str:
        """Name of the predictor, as the stages or the configuration give it; "" for none."""
        for stage in reversed(self.stages):
            if stage.predictor and "kind" in stage.predictor:
                return str(stage.predictor["kind"])
        if self.training is not None:
            return ""
        has_predictions = any(child.predicted is not None for child in self.children)
        awaits_predictions = self.status != "finished" and self.may_predict
        if not (has_predictions or awaits_predictions):
            return ""
        configured = self.value("controller.predictor", "")
        return str(self.choices.get("controller", configured))

    @property
    def last_rho(self) -> float | None:
        """Rank correlation of predictions and rewards at the last stage for which it is known.

        Of a search in rounds it is the mean over these, which have few cells each.
        """
        growing = self._known_rhos("spearman_next", until=self.growing_stages)
        rounds = self._known_rhos("spearman_next", after=self.growing_stages)
        if rounds:
            return sum(rounds) / len(rounds)
        return growing[-1] if growing else None

    @property
    def unseen_rho(self) -> float | None:
        """Rank correlation on cells that a fit had not seen, at the last stage that knows it."""
        known = self._known_rhos("spearman_cv")
        return known[-1] if known else None

    def _known_rhos(
        self, name: str, after: int | None = None, until: int | None = None
    ) -> list[float]:
        """Return a rank correlation of the predictors of some stages, where it is known.

        Args:
            name: Its name among what is stored of a predictor.
            after: The stages that it judges are later than this one; None for all.
            until: They are no later than this one; None for all.
        """
        found = []
        for stage in self.stages:
            judged = stage.b + 1
            is_meant = (after is None or judged > after) and (until is None or judged <= until)
            value = (stage.predictor or {}).get(name)
            if is_meant and value is not None:
                found.append(float(value))
        return found

    @cached_property
    def _pauses(self) -> list[Pause]:
        return pauses_between(self.ended)

    @cached_property
    def _start(self) -> float | None:
        starts = [self.started_at]
        if self.stages:
            starts.append(self.stages[0].opened_at)
        return min((value for value in starts if value is not None), default=None)

    def elapsed(self, instant: float) -> float:
        """Return the seconds of search from its start to ``instant``, without pauses.

        Args:
            instant: Seconds since the epoch.
        """
        start = instant if self._start is None else self._start
        paused = 0.0
        for pause in self._pauses:
            if pause.start < instant:
                paused += min(pause.end, instant) - pause.start
        return max(0.0, instant - start - paused)
