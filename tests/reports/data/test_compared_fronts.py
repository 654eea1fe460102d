"""Fronts of several searches against one reference point."""

from types import SimpleNamespace
from typing import Any

from support.made_journals import one_block_cells

from pnas.objectives import make_objectives
from pnas.records.front import Front, FrontCell
from pnas.reports.charts.compared_fronts_chart import compared_fronts_charts
from pnas.reports.data.compared_fronts import compare_fronts
from pnas.reports.data.run_comparison import RunGroup
from pnas.reports.terminal.front_table import compared_fronts_table, reference_in_words

OBJECTIVES = make_objectives(["reward", "madds"])


def run_of(
    rewards: list[float], reference: dict[str, float] | None, names: Any = OBJECTIVES
) -> Any:
    cells = []
    for cell, reward in zip(one_block_cells(len(rewards)), rewards, strict=True):
        values = {"reward": reward, "madds": 100 * reward, "params": 1.0}
        cells.append(FrontCell(cell, 1, values, None, 1))
    front = Front(names, cells, cells, reference, [], {})
    return SimpleNamespace(front=front)


def test_the_reference_is_the_worst_of_each_objective() -> None:
    one = run_of([0.5, 0.6], {"reward": 0.4, "madds": 80})
    other = run_of([0.5], {"reward": 0.3, "madds": 70})
    compared = compare_fronts([SimpleNamespace(front=None), one, other])  # type: ignore[list-item]
    assert compared is not None
    assert compared.reference == {"reward": 0.3, "madds": 80}
    assert [each.index for each in compared.fronts] == [1, 2]
    first, second = compared.fronts
    assert [x for x, _ in first.curve] == [1, 2]
    assert first.curve[0] == second.curve[0]
    assert first.curve[1][1] > first.curve[0][1]
    table = compared_fronts_table(compared, ["", "one", "other"])
    assert [row[0] for row in table.rows] == ["one", "other"]
    assert reference_in_words(compared.reference) == "reward=0.3, madds=80"


def test_fronts_of_other_objectives_and_a_single_one_are_not_compared() -> None:
    one = run_of([0.5], {"reward": 0.4, "madds": 80})
    alone = run_of([0.5], {"reward": 0.4, "params": 80}, make_objectives(["reward", "params"]))
    unknown = run_of([0.5], None)
    assert compare_fronts([one]) is None
    assert compare_fronts([one, alone, unknown]) is None


def test_each_cost_has_a_chart_with_the_fronts_and_the_last_one_has_the_hypervolumes() -> None:
    one = run_of([0.5, 0.6], {"reward": 0.4, "madds": 80})
    other = run_of([0.5], {"reward": 0.3, "madds": 70})
    compared = compare_fronts([one, other])
    assert compared is not None
    groups = [RunGroup("one", (0,)), RunGroup("other", (1,))]
    of_cost, of_hypervolume = (plot.svg() for plot in compared_fronts_charts(compared, groups))
    assert "multiply-adds" in of_cost
    assert "one" in of_cost
    assert "hypervolume" in of_hypervolume
