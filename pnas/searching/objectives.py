"""The objectives and constraints of a search: checked, and given what they are computed from."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pnas.config import Settings
from pnas.errors import InvalidValue, require
from pnas.objectives import LATENCY, MEMORY, Facts, Objective, make_objectives
from pnas.records import Journal
from pnas.records.cell_trainings import short_key
from pnas.records.child_facts import facts_of
from pnas.records.front import COLUMNS
from pnas.runs.child_identity import identify
from pnas.search import SearchSpec
from pnas.search.objective_source import GetFacts, ObjectiveSource
from pnas.search.rung_ladder import make_ladder
from pnas.search.strategies.unique_sampler import UniqueSampler
from pnas.searching.cell_facts import CellFacts
from pnas.searching.reference_point import check_reference_point
from pnas.state_space import Cell, SlotSpace
from pnas.system.wording import plural

_KEY = "search.objectives"

_SAMPLED = 1000
"""Random cells of full size of which one, at least, must meet the constraints."""


@dataclass(frozen=True)
class Constraints:
    """Limits on objectives that are known before training. A class, so that it can be pickled.

    Attributes:
        limits: Limit by the name of the objective.
        facts: What is known of cells.
    """

    limits: Mapping[str, float]
    facts: CellFacts

    @cached_property
    def _objectives(self) -> Mapping[str, Objective]:
        return make_objectives(list(self.limits), self.facts.columns).by_name

    def check_names(self) -> None:
        """Check that every objective exists, and is known or measured before training.

        Raises:
            InvalidValue: One does not, or is not.
        """
        for name, limit in self.limits.items():
            key = f"search.constraints.{name}"
            try:
                objective = self._objectives[name]
            except InvalidValue as error:
                raise InvalidValue(key, error.rule, limit) from error
            is_early = objective.is_known_before or self.facts.is_measured(name, objective)
            require(is_early, key, self._rule(name, objective), limit)

    def _rule(self, name: str, objective: Objective) -> str:
        """Return what a constraint must be on, where it is on ``name`` and may not be."""
        if objective.is_measured:
            return f"must be on {self.facts.rule}, which has no {name}"
        known = "must be on an objective that is known before training, such as params or madds"
        if self.facts.measures:
            return f"{known}, or measured, such as {LATENCY}"
        return f"{known}, or {self.facts.rule}"

    @cached_property
    def known_before(self) -> list[str]:
        """Names of the limits that are on what is known before training."""
        by_name = self._objectives
        return [name for name in self.limits if by_name[name].is_known_before]

    def is_met(self, cell: Cell) -> bool:
        """Whether ``cell`` keeps within every limit on what is known before training."""
        return all(self.excess(cell, name) <= 0 for name in self.known_before)

    def excess(self, cell: Cell, name: str) -> float:
        """Return by how much ``cell`` is beyond a limit; not above 0 if it keeps within it."""
        objective = self._objectives[name]
        value = objective.value(self.facts.before(cell))
        if value is None:
            rule = f"must be on {self.facts.rule}; {name} is not known of {cell}"
            raise InvalidValue(f"search.constraints.{name}", rule, self.limits[name])
        beyond = value - self.limits[name]
        return -beyond if objective.is_maximised else beyond

    def relaxed(self, name: str, excess: float) -> str:
        """Return, in words, the limit that a cell with this ``excess`` would keep within."""
        limit = self.limits[name]
        if self._objectives[name].is_maximised:
            return f"at most {limit - excess:.10g}"
        return f"at least {limit + excess:.10g}"


def check_objectives(settings: Settings, space: SlotSpace, facts: CellFacts) -> None:
    """Check the objectives and constraints of a search before it trains anything.

    Raises:
        InvalidValue: An objective does not exist or is not known, or no cell of stage 1 meets the
            constraints.
    """
    spec = settings.search
    objectives = make_objectives(spec.objectives, facts.columns)
    first = space.initial_children()[0]
    for name, objective in objectives.by_name.items():
        if objective.is_known_before:
            rule = f"must be {facts.rule}; it is not known of {first}"
            require(objective.value(facts.before(first)) is not None, _KEY, rule, name)
        else:
            require(facts.is_known(name, objective), _KEY, f"must be {facts.rule}", name)
    if spec.constraints:
        constraints = Constraints(spec.constraints, facts)
        constraints.check_names()
        _check_room(spec, space, constraints)
    if spec.reference:
        check_reference_point(spec, objectives, facts, _first_cells(spec, space))
    wanted = {*spec.objectives, *spec.constraints}
    if LATENCY in wanted and facts.measures:
        settings.inference.check(settings.trainer.threads)
    _check_asynchronous(spec, facts)


def _check_asynchronous(spec: SearchSpec, facts: CellFacts) -> None:
    """Check that a search without stages measures nothing: that is done before a stage trains."""
    constraints = make_objectives(list(spec.constraints), facts.columns).by_name
    is_limited = any(facts.is_measured(name, each) for name, each in constraints.items())
    wanted = {*spec.objectives, *spec.constraints}
    measures = is_limited or (facts.measures and bool(wanted & {LATENCY, MEMORY}))
    rule = "must be false where children are measured, which is done before a stage is trained"
    require(not (spec.is_asynchronous and measures), "search.asynchronous", rule, True)


def _check_room(spec: SearchSpec, space: SlotSpace, constraints: Constraints) -> None:
    """Check that there are cells to begin with."""
    needed = 2 if spec.uses_predictor else 1
    if spec.is_progressive:
        _check_cells(constraints, space.initial_children(), needed, "cells of one block")
        needed = 1
    if spec.samples_full_size(space):
        which = f"random cells of {plural(space.B, 'block')}"
        _check_cells(constraints, random_full_size(space), needed, which)


def _check_cells(constraints: Constraints, cells: Iterable[Cell], needed: int, which: str) -> None:
    """Check that the constraints leave so many of ``cells``, or all if there are fewer."""
    seen: list[Cell] = []
    num_met = 0
    for cell in cells:
        seen.append(cell)
        num_met += constraints.is_met(cell)
        if num_met == needed:
            return
    needed = min(needed, len(seen))
    if num_met == needed:
        return

    of_them = f"{needed} of {len(seen):,} {which} to be trained at stage 1"
    for name in constraints.known_before:
        excess = sorted(constraints.excess(cell, name) for cell in seen)[needed - 1]
        if excess > 0:
            rule = f"must be {constraints.relaxed(name, excess)}, for {of_them}"
            raise InvalidValue(f"search.constraints.{name}", rule, constraints.limits[name])
    raise InvalidValue(
        "search.constraints", f"must together leave {of_them}", dict(constraints.limits)
    )


def random_full_size(space: SlotSpace) -> Iterator[Cell]:
    """Yield random cells of full size, each once, as many as a check looks at."""
    generator = np.random.default_rng(0)
    sampler = UniqueSampler(space, space.B)
    for _ in range(_SAMPLED):
        yield from sampler.sample(generator, 1)


def _first_cells(spec: SearchSpec, space: SlotSpace) -> list[Cell]:
    """Return the cells of stage 1, or random ones like them."""
    if spec.is_progressive:
        return space.initial_children()
    return list(random_full_size(space))


def feasibility(
    settings: Settings, facts: CellFacts | None, others: Callable[[Cell], bool] | None
) -> Callable[[Cell], bool] | None:
    """Return whether a cell may be trained; None if every cell may.

    Args:
        settings: Settings of the command.
        facts: What is known of cells.
        others: Whether a cell is within the limits of the trainer; None without any.
    """
    limits = settings.search.constraints
    if not limits or facts is None:
        return others
    constraints = Constraints(limits, facts)
    if not constraints.known_before:
        return others

    def may_train(cell: Cell) -> bool:
        is_small = others is None or others(cell)
        return is_small and constraints.is_met(cell)

    return may_train


def objective_source(
    settings: Settings,
    space: SlotSpace,
    journal: Journal,
    facts: CellFacts | None,
    epochs: float,
) -> ObjectiveSource | None:
    """Return where a search of several objectives has their values from; None for one of rewards.

    Args:
        settings: Settings of the command.
        space: State space that is searched.
        journal: Journal of the search.
        facts: What is known of cells before training.
        epochs: Number of epochs of a whole training.
    """
    names: Sequence[str] = settings.search.objectives
    if len(names) == 1 or facts is None:
        return None
    journal.set_meta(**{COLUMNS: dict(facts.columns)})
    objectives = make_objectives(names, facts.columns)
    after = facts_after_training(settings, space, journal, epochs)
    return ObjectiveSource(objectives, before=facts.before, after=after)


def facts_after_training(
    settings: Settings, space: SlotSpace, journal: Journal, epochs: float
) -> GetFacts:
    """Return what returns the facts of a cell whose child has ended.

    Of a cell that was trained briefly only, they are those of its short training.

    Args:
        settings: Settings of the command.
        space: State space of the cells.
        journal: Journal of the search.
        epochs: Number of epochs of a whole training.
    """
    rungs = settings.search.rungs
    short = make_ladder(rungs, epochs).short if rungs else ()

    def after(cell: Cell) -> Facts:
        key, _ = identify(space, settings.seed, cell)
        for each in [key, *(short_key(key, rung) for rung in reversed(short))]:
            child = journal.find_child(each)
            if child is not None:
                return facts_of(child)
        raise KeyError(key)

    return after
