"""The front of a search: its cells that no other one dominates, and its hypervolume by children."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pnas.errors import InvalidValue
from pnas.objectives import REWARD, Facts, ObjectiveSet, make_objectives
from pnas.objectives.dominance import non_dominated
from pnas.records.child_facts import facts_of
from pnas.records.front_membership import membership
from pnas.records.journal_reader import JournalReader
from pnas.records.journal_records import ChildRecord
from pnas.records.reward_model import fit_reward_model
from pnas.state_space import Cell

COLUMNS = "objective_columns"
"""Name, in the journal, of a table's further columns: ``maximise`` or ``minimise`` by column."""

_NORMAL_95 = 1.96
"""Half the width of a 95 % interval in standard deviations."""


@dataclass(frozen=True)
class RewardPosterior:
    """What all trainings of a search say of the expected reward of a cell.

    Attributes:
        expected: Posterior mean.
        interval: Ends of the 95 % interval.
        membership: Probability that the cell belongs to the front.
    """

    expected: float
    interval: tuple[float, float]
    membership: float


@dataclass(frozen=True)
class FrontCell:
    """A cell of a search with the values of its objectives.

    Attributes:
        cell: The cell.
        stage: Stage that trained it first.
        values: Mean over its trainings, by objective.
        spread: Standard deviation over its trainings, by objective; None of one training.
        trainings: Number of its trainings that succeeded.
        rewards: Reward of each of them.
        quartiles: Lower and upper quartile of the repetitions, by objective that was measured.
        posterior: What is known of its expected reward; None where no cell was trained again.
    """

    cell: Cell
    stage: int
    values: Mapping[str, float]
    spread: Mapping[str, float] | None
    trainings: int
    rewards: Sequence[float] = ()
    quartiles: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    posterior: RewardPosterior | None = None

    def as_record(self) -> dict[str, Any]:
        """Return what summary.json shows of it."""
        record: dict[str, Any] = {
            "cell": str(self.cell),
            "stage": self.stage,
            "objectives": dict(self.values),
            "spread": None if self.spread is None else dict(self.spread),
            "trainings": self.trainings,
        }
        if self.quartiles:
            record["quartiles"] = {name: list(each) for name, each in self.quartiles.items()}
        if self.posterior is not None:
            record["expected_reward"] = self.posterior.expected
            record["reward_interval"] = list(self.posterior.interval)
            record["membership"] = self.posterior.membership
        return record


@dataclass(frozen=True)
class Front:
    """The front of a search of several objectives.

    Attributes:
        objectives: The objectives.
        cells: All cells of which every objective is known, in the order of their training.
        members: The non-dominated ones, in the order of the last objective.
        reference: Reference point of hypervolumes, by objective; None before stage 1 has ended.
        hypervolumes: Hypervolume after each child that has ended, in the order of the stages.
        by_stage: Hypervolume after each stage, by its number.
    """

    objectives: ObjectiveSet
    cells: Sequence[FrontCell]
    members: Sequence[FrontCell]
    reference: Mapping[str, float] | None
    hypervolumes: Sequence[float]
    by_stage: Mapping[int, float]

    def as_record(self) -> list[dict[str, Any]]:
        """Return what summary.json shows of the front."""
        return [member.as_record() for member in self.members]

    def hypervolume_record(self) -> dict[str, Any]:
        """Return what summary.json shows of the hypervolume."""
        return {
            "reference": None if self.reference is None else dict(self.reference),
            "value": self.hypervolumes[-1] if self.hypervolumes else None,
            "by_children": list(self.hypervolumes),
            "by_stage": {str(stage): value for stage, value in self.by_stage.items()},
        }


def read_front(journal: JournalReader) -> Front | None:
    """Return the front of the search in ``journal``; None where the reward is its only objective.

    None, too, where an objective belongs to an extension that is not there.
    """
    config = journal.meta("config") or {}
    search = config.get("search") or {}
    names = search.get("objectives") or []
    if len(names) < 2:
        return None
    try:
        objectives = make_objectives(names, journal.meta(COLUMNS))
    except InvalidValue:
        return None
    space = config.get("state_space") or {}
    stated = search.get("reference") or {}
    return front_of(journal.children(), objectives, int(space.get("B") or 1), stated)


def front_of(
    children: Sequence[ChildRecord],
    objectives: ObjectiveSet,
    B: int,
    stated: Mapping[str, float] | None = None,
) -> Front:
    """Return the front of ``children``.

    Args:
        children: Children of a search.
        objectives: Its objectives.
        B: Number of blocks of the largest cells.
        stated: Reference values that hold in place of those of stage 1 (``search.reference``).
    """
    cells = with_posteriors(_cells(children, objectives), objectives)
    points = objectives.points([_judged_by(each) for each in cells])
    is_member = non_dominated(points)
    members = [each for each, kept in zip(cells, is_member, strict=True) if kept]
    last = objectives.names[-1]
    members.sort(key=lambda each: (each.values[last], -each.values[objectives.names[0]]))

    reference = _reference(children, objectives, B, stated)
    hypervolumes, by_stage = _hypervolumes(children, objectives, reference)
    return Front(objectives, cells, members, reference, hypervolumes, by_stage)


def with_posteriors(cells: Sequence[FrontCell], objectives: ObjectiveSet) -> list[FrontCell]:
    """Return ``cells`` with what is known of their expected rewards.

    They stay as they are where no cell was trained again: nothing is known of the noise then.
    """
    model = fit_reward_model([each.rewards for each in cells])
    if model is None or not objectives.are_several:
        return list(cells)
    expected = np.asarray([model.expected(each.rewards) for each in cells])
    deviations = np.asarray([model.deviation_among_cells(each.rewards) for each in cells])
    values = [each.values for each in cells]
    probabilities = membership(objectives, values, expected, deviations, seed=0)
    found = []
    for row, cell in enumerate(cells):
        center = float(expected[row])
        half = _NORMAL_95 * model.deviation(cell.rewards)
        interval = (center - half, center + half)
        posterior = RewardPosterior(center, interval, float(probabilities[row]))
        found.append(replace(cell, posterior=posterior))
    return found


def _judged_by(cell: FrontCell) -> Mapping[str, float]:
    """Return the values that decide whether a cell belongs to the front."""
    if cell.posterior is None:
        return cell.values
    return {**cell.values, REWARD: cell.posterior.expected}


def cells_of(children: Sequence[ChildRecord], objectives: ObjectiveSet) -> list[FrontCell]:
    """Return the cells of which every objective is known, in the order of their training."""
    return _cells(children, objectives)


def _cells(children: Sequence[ChildRecord], objectives: ObjectiveSet) -> list[FrontCell]:
    trainings: dict[Cell, list[ChildRecord]] = {}
    for child in children:
        if child.reward is not None:
            trainings.setdefault(child.cell, []).append(child)
    cells = []
    for cell, of_cell in trainings.items():
        values = [objectives.values(facts_of(child)) for child in of_cell]
        known = [each for each in values if each is not None]
        if known:
            found = _front_cell(cell, of_cell[0].b, known, objectives)
            quartiles = _quartiles(of_cell[0], objectives)
            cells.append(replace(found, quartiles=quartiles))
    return cells


def _front_cell(
    cell: Cell, stage: int, known: Sequence[Mapping[str, float]], objectives: ObjectiveSet
) -> FrontCell:
    mean = {}
    spread = {}
    for name in objectives.names:
        column = [each[name] for each in known]
        mean[name] = float(np.mean(column))
        spread[name] = float(np.std(column, ddof=1)) if len(column) > 1 else 0.0
    return FrontCell(
        cell=cell,
        stage=stage,
        values=mean,
        spread=spread if len(known) > 1 else None,
        trainings=len(known),
        rewards=[each[REWARD] for each in known],
    )


def _quartiles(child: ChildRecord, objectives: ObjectiveSet) -> dict[str, tuple[float, float]]:
    """Return the quartiles of what was measured several times of ``child``."""
    found = {}
    for name in objectives.names:
        low = child.metrics.get(f"{name}_low")
        high = child.metrics.get(f"{name}_high")
        if low and high:
            found[name] = (low[-1], high[-1])
    return found


def _reference(
    children: Sequence[ChildRecord],
    objectives: ObjectiveSet,
    B: int,
    stated: Mapping[str, float] | None,
) -> dict[str, float] | None:
    """Return the reference point; None while children of stage 1 are missing."""
    first = [child for child in children if child.b == 1]
    if any(child.ended_at is None for child in first):
        return None
    pairs: list[tuple[Facts, Mapping[str, float]]] = []
    for child in first:
        facts = facts_of(child)
        values = objectives.values(facts)
        if values is not None:
            pairs.append((facts, values))
    return objectives.reference(pairs, B, stated)


def _hypervolumes(
    children: Sequence[ChildRecord],
    objectives: ObjectiveSet,
    reference: Mapping[str, float] | None,
) -> tuple[list[float], dict[int, float]]:
    """Return the hypervolume after each child and after each stage.

    A cell that was trained several times counts with its first training, as the search saw it.
    """
    curve: list[float] = []
    by_stage: dict[int, float] = {}
    if reference is None:
        return curve, by_stage
    front: list[Mapping[str, float]] = []
    current = 0.0
    seen: set[Cell] = set()
    for child in children:
        if child.ended_at is None:
            continue
        values = objectives.values(facts_of(child))
        if values is not None and child.cell not in seen:
            seen.add(child.cell)
            front = _with_point(front, values, objectives)
            if front and front[-1] is values:
                current = objectives.hypervolume(front, reference)
        curve.append(current)
        by_stage[child.b] = current
    return curve, by_stage


def _with_point(
    front: Sequence[Mapping[str, float]], values: Mapping[str, float], objectives: ObjectiveSet
) -> list[Mapping[str, float]]:
    """Return the non-dominated ones of ``front`` and ``values``, which come last if they stay."""
    points = [*front, values]
    kept = non_dominated(objectives.points(points))
    return [each for each, is_kept in zip(points, kept, strict=True) if is_kept]
