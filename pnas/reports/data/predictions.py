"""How well rewards were predicted before training, group by group of cells."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from pnas.reports.data.scored_cell import CellGroup, ScoredCell


@dataclass(frozen=True)
class PredictedGroup:
    """Cells of one group whose rewards had been predicted.

    Attributes:
        group: The group.
        cells: Its cells with a prediction and a reward, with their positions among all cells.
        rho: Spearman's rank correlation of predictions and rewards, a mean over stages if there
            are several; None where it is not defined.
        stages: Number of stages that have a rank correlation.
    """

    group: CellGroup
    cells: Sequence[tuple[int, ScoredCell]]
    rho: float | None
    stages: int

    @property
    def rho_text(self) -> str:
        """The rank correlation, and over how many rounds it is a mean."""
        if self.rho is None:
            return "ρ not defined yet"
        rounds = f" (mean of {self.stages} rounds)" if self.stages > 1 else ""
        return f"ρ = {self.rho:.2f}{rounds}"


def predicted_groups(
    cells: Iterable[ScoredCell], stored_rho: Mapping[int, float | None] | None = None
) -> list[PredictedGroup]:
    """Return the groups that have predicted cells, in the order of a search.

    Args:
        cells: Children of one search.
        stored_rho: Rank correlation of each stage as the search stored it; computed from
            ``cells`` if None.
    """
    members: dict[CellGroup, list[tuple[int, ScoredCell]]] = {}
    for index, cell in enumerate(cells):
        if cell.predicted is not None and cell.reward is not None:
            members.setdefault(cell.group, []).append((index, cell))

    groups = []
    for group in sorted(members):
        known = _rho_by_stage([cell for _, cell in members[group]], stored_rho)
        predicted = PredictedGroup(
            group,
            cells=members[group],
            rho=mean(known) if known else None,
            stages=len(known),
        )
        groups.append(predicted)
    return groups


def _rho_by_stage(
    cells: Sequence[ScoredCell], stored_rho: Mapping[int, float | None] | None
) -> list[float]:
    """Return the rank correlation of each stage that has one."""
    by_stage: dict[int, list[ScoredCell]] = {}
    for cell in cells:
        by_stage.setdefault(cell.stage, []).append(cell)

    known = []
    for stage, members in by_stage.items():
        rho = _rank_correlation(members) if stored_rho is None else stored_rho.get(stage)
        if rho is not None:
            known.append(rho)
    return known


def stored_rank_correlations(stages: Iterable[Mapping[str, Any]]) -> dict[int, float | None]:
    """Return the rank correlation of the predictions of each stage, from summary.json's stages.

    A stage stores that of the *next* stage's predictions, which its fit made.
    """
    found: dict[int, float | None] = {}
    for stage in stages:
        next_stage = int(stage["b"]) + 1
        predictor = stage.get("predictor") or {}
        found[next_stage] = predictor.get("spearman_next")
    return found


def _rank_correlation(cells: Sequence[ScoredCell]) -> float | None:
    # Imported here, with SciPy: most of what imports this module draws nothing.
    from pnas.predictors.rank_correlation import spearman

    predicted = [cell.predicted or 0.0 for cell in cells]
    rewards = [cell.reward or 0.0 for cell in cells]
    return spearman(predicted, rewards)


def average_ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, 1 for the highest; equal values share their mean rank."""
    counts = Counter(values)
    rank_of = {}
    higher = 0
    for value in sorted(counts, reverse=True):
        equal = counts[value]
        # The mean of the ranks higher + 1, ..., higher + equal.
        rank_of[value] = higher + (equal + 1) / 2
        higher += equal
    return [rank_of[value] for value in values]
