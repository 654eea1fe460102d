from collections.abc import Callable
from dataclasses import replace

import pytest

from pnas.reports import ScoredCell
from pnas.reports.data.predictions import (
    average_ranks,
    predicted_groups,
    stored_rank_correlations,
)
from pnas.reports.data.scored_cell import Phase

Make = Callable[..., ScoredCell]


@pytest.mark.parametrize(
    ("values", "ranks"),
    [
        ([0.5, 0.9, 0.7], [3.0, 1.0, 2.0]),
        ([0.5, 0.5, 0.9], [2.5, 2.5, 1.0]),
        ([0.5, 0.5], [1.5, 1.5]),
        ([], []),
    ],
)
def test_equal_values_share_their_mean_rank(values: list[float], ranks: list[float]) -> None:
    assert average_ranks(values) == ranks


def test_rounds_of_refinement_share_a_group_and_its_mean(scored: Make) -> None:
    cells = [scored(0.5)]
    for stage, rewards in ((3, (0.1, 0.2, 0.3)), (4, (0.3, 0.2, 0.1))):
        for predicted, reward in zip((0.1, 0.2, 0.3), rewards, strict=True):
            cell = scored(reward, predicted, 2, stage=stage)
            cells.append(replace(cell, phase=Phase.REFINEMENT))
    (group,) = predicted_groups(cells)
    assert group.group.name == "refinement"
    assert [index for index, _ in group.cells] == [1, 2, 3, 4, 5, 6]
    assert group.rho == pytest.approx(0.0)
    assert group.rho_text == "ρ = 0.00 (mean of 2 rounds)"


def test_stored_correlations_are_of_the_next_stage() -> None:
    stages = [{"b": 1, "predictor": {"spearman_next": 0.25}}, {"b": 2, "predictor": None}]
    assert stored_rank_correlations(stages) == {2: 0.25, 3: None}
