from collections.abc import Callable, Sequence

import pytest

from pnas.reports import ScoredCell
from pnas.reports.charts.trade_off_chart import parameters
from pnas.reports.data.trade_off import non_dominated

TRADE_OFFS = [
    ([(0.5, 10), (0.9, 30)], [0, 1]),
    ([(0.5, 10), (0.4, 20)], [0]),
    ([(0.9, 30), (0.8, 30)], [0]),
    ([(0.9, 30), (0.9, 20)], [1]),
    ([(0.9, 30), (0.9, 30)], [0, 1]),
    ([(0.9, None), (0.5, 10)], [1]),
    ([(None, 5), (0.5, 10)], [1]),
    ([], []),
]


@pytest.mark.parametrize(
    ("cells", "kept"),
    TRADE_OFFS,
)
def test_no_other_cell_has_more_reward_at_no_more_cost(
    cells: Sequence[tuple[float | None, int | None]],
    kept: list[int],
    scored: Callable[..., ScoredCell],
) -> None:
    made = []
    for reward, params in cells:
        made.append(scored(reward, params=params))
    assert non_dominated(made, parameters) == kept
