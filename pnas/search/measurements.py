"""`Measurements`: what is measured of the children of a stage before any of them is trained.

A measurement is a fact of the cell: it goes into the journal, among the metrics of the child, as
soon as it is there, and no later command and no further training of the cell measures it again. A
child that is measured to break a constraint has ended without a training.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pnas.errors import InvalidValue
from pnas.execution import Executor
from pnas.objectives import Facts, ObjectiveSet
from pnas.records import ChildJob, ChildRecord, ChildResult, Journal, Status
from pnas.records.cell_trainings import cell_key
from pnas.records.child_facts import facts_of
from pnas.records.child_records import BEYOND_LIMIT
from pnas.state_space import Cell

Metrics = Mapping[str, Sequence[float]]
MayGoOn = Callable[[], bool]


@dataclass(frozen=True)
class Limits:
    """Constraints on objectives that are measured.

    Attributes:
        objectives: The objectives.
        limits: Largest value of each by name; smallest, where it is maximised.
    """

    objectives: ObjectiveSet
    limits: Mapping[str, float]

    def excess(self, facts: Facts, name: str) -> float | None:
        """Return by how much a cell is beyond a limit, above 0 if it breaks it; None: not known."""
        objective = self.objectives.by_name[name]
        value = objective.value(facts)
        if value is None:
            return None
        beyond = value - self.limits[name]
        return -beyond if objective.is_maximised else beyond

    def broken(self, facts: Facts) -> str | None:
        """Return the first constraint that a cell breaks, in words; None if it keeps them."""
        for name, limit in self.limits.items():
            excess = self.excess(facts, name)
            if excess is not None and excess > 0:
                value = self.objectives.by_name[name].value(facts)
                return f"{name}={value:.4g} breaks search.constraints.{name}={limit:g}"
        return None

    def check_room(self, measured: Sequence[Facts], needed: int) -> None:
        """Check that enough of the cells of stage 1 keep the constraints.

        Raises:
            InvalidValue: Names a limit and what it would have to be.
        """
        kept = [facts for facts in measured if self.broken(facts) is None]
        if len(kept) >= needed:
            return
        for name, limit in self.limits.items():
            excesses = [self.excess(facts, name) for facts in measured]
            known = sorted(each for each in excesses if each is not None)
            if len(known) >= needed and known[needed - 1] > 0:
                rule = f"must be {self._relaxed(name, known[needed - 1])}, for {needed} of the "
                rule += f"{len(measured)} cells of stage 1 to be trained"
                raise InvalidValue(f"search.constraints.{name}", rule, limit)
        rule = f"must together leave {needed} cells of stage 1 to be trained"
        raise InvalidValue("search.constraints", rule, dict(self.limits))

    def _relaxed(self, name: str, excess: float) -> str:
        limit = self.limits[name]
        if self.objectives.by_name[name].is_maximised:
            return f"at most {limit - excess:.4g}"
        return f"at least {limit + excess:.4g}"


@dataclass(frozen=True)
class Measurements:
    """Measures children, and says which of them are not to be trained.

    Attributes:
        journal: Journal of the search.
        names: Names of what is measured, which are those of its metrics.
        executor: Measures the jobs that say so; None if everything is counted.
        counted: Returns what is counted of a cell, by name.
        limits: Constraints on what is measured.
        needed: Number of cells of stage 1 that must be left to be trained.
        one_at_a_time: Whether nothing may run beside a measurement.
        reference: Reference values of the objectives that are measured; see `check_first_stage`.
    """

    journal: Journal
    names: Sequence[str]
    executor: Executor | None
    counted: Callable[[Cell], Mapping[str, float]]
    limits: Limits
    needed: int = 1
    one_at_a_time: bool = True
    reference: Mapping[str, float] = field(default_factory=dict)

    def measure(
        self, children: Sequence[ChildRecord], may_go_on: MayGoOn
    ) -> Iterator[tuple[str, ChildResult]]:
        """Measure ``children``; yield (key, result) of those that are not to be trained.

        Args:
            children: Children that have not ended.
            may_go_on: Whether another measurement may begin.
        """
        self._store_what_is_known(children)
        unknown = []
        for child in children:
            if not self._is_known(self.journal.child(child.key)):
                unknown.append(child)
        for child, result in self._run(unknown, may_go_on):
            if result.status is Status.FAILED:
                yield child.key, result
            else:
                self.journal.set_metrics(child.key, self._own(result.metrics))
        for child in children:
            rejected = self._rejected(self.journal.child(child.key))
            if rejected is not None:
                yield child.key, rejected

    def with_facts(self, key: str, result: ChildResult) -> ChildResult:
        """Return ``result`` of the child ``key`` with what was measured of it."""
        facts = self._own(self.journal.child(key).metrics)
        return replace(result, metrics={**result.metrics, **facts})

    def check_first_stage(self, children: Sequence[ChildRecord]) -> None:
        """Check that the children of stage 1 leave something to search.

        Raises:
            InvalidValue: They break a constraint, or none of them is below a reference value.
        """
        measured = []
        for child in children:
            if self._is_known(child):
                measured.append(facts_of(child))
            elif child.status is Status.CHOSEN:
                return
        if not measured:
            return
        self.limits.check_room(measured, min(self.needed, len(measured)))
        for name, reference in self.reference.items():
            values = [facts.metrics[name][-1] for facts in measured]
            if min(values) >= reference:
                rule = f"must be above {min(values):.4g}, the lowest value of the cells of stage 1"
                raise InvalidValue(f"search.reference.{name}", rule, reference)

    def _store_what_is_known(self, children: Sequence[ChildRecord]) -> None:
        """Store what is counted, and what was measured at an earlier training of the cell."""
        known: dict[str, dict[str, Sequence[float]]] = {}
        for child in self.journal.children():
            if self._is_known(child):
                known.setdefault(cell_key(child.key), self._own(child.metrics))
        for child in children:
            facts = known.get(cell_key(child.key))
            if facts is None:
                counted = self.counted(child.cell)
                facts = {name: [value] for name, value in counted.items()}
            is_stored = facts.keys() <= child.metrics.keys()
            if facts and not is_stored:
                self.journal.set_metrics(child.key, facts)

    def _run(
        self, children: Sequence[ChildRecord], may_go_on: MayGoOn
    ) -> Iterator[tuple[ChildRecord, ChildResult]]:
        if self.executor is None:
            return
        jobs = [ChildJob(child.cell, child.seed, measures=True) for child in children]

        def may_start(job: ChildJob) -> bool:
            del job
            return may_go_on()

        if not self.one_at_a_time:
            for index, result in self.executor.run(jobs, may_start):
                yield children[index], result
            return
        for child, job in zip(children, jobs, strict=True):
            for _, result in self.executor.run([job], may_start):
                yield child, result

    def _is_known(self, child: ChildRecord) -> bool:
        return all(child.metrics.get(name) for name in self.names)

    def _own(self, metrics: Metrics) -> dict[str, Sequence[float]]:
        """Return those of ``metrics`` that were measured, such as ``latency_ms_low``."""
        names = tuple(self.names)
        return {name: values for name, values in metrics.items() if name.startswith(names)}

    def _rejected(self, child: ChildRecord) -> ChildResult | None:
        """Return the result of a child that is not to be trained; None for any other."""
        reason = self.limits.broken(facts_of(child))
        if reason is None or child.status is not Status.CHOSEN:
            return None
        result = ChildResult.failed(ChildJob(child.cell, child.seed), reason)
        metrics = {**self._own(child.metrics), BEYOND_LIMIT: [1.0]}
        return replace(result, metrics=metrics)
