"""From names to objectives, and from facts to values and points."""

import pytest
from support.command import ROOT

from pnas.errors import InvalidValue
from pnas.extensions import VARIABLE
from pnas.objectives import Facts, make_objectives
from pnas.state_space import Cell

CELL = Cell.parse("(-1, 3x3 conv, -1, identity)")
TWO_BLOCKS = Cell.parse("(-1, 3x3 conv, -1, identity), (0, 3x3 conv, -1, identity)")
TRAINED = Facts(CELL, params=10, madds=200, reward=0.5, seconds=4.0)


def test_values_come_from_what_is_known_of_a_cell() -> None:
    objectives = make_objectives(["reward", "params", "madds", "train_seconds"])
    assert objectives.values(TRAINED) == {
        "reward": 0.5,
        "params": 10,
        "madds": 200,
        "train_seconds": 4,
    }
    assert objectives.values(Facts(CELL, params=10, madds=200)) is None


def test_a_point_is_higher_where_a_cell_is_better() -> None:
    objectives = make_objectives(["reward", "params"])
    assert objectives.points([{"reward": 0.5, "params": 10.0}]).tolist() == [[0.5, -10.0]]


def test_counts_are_known_before_training_and_seconds_are_not() -> None:
    by_name = make_objectives(["reward", "params", "madds", "train_seconds"]).by_name
    known = [name for name, objective in by_name.items() if objective.is_known_before]
    assert known == ["params", "madds"]


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"^search\.objectives: must be names among reward"):
        make_objectives(["reward", "beauty"])


def test_columns_of_a_table_are_objectives_too() -> None:
    columns = {"latency_ms": "minimise", "robustness": "maximise"}
    objectives = make_objectives(["robustness", "latency_ms"], columns)
    facts = Facts(CELL, metrics={"latency_ms": [2.0], "robustness": [0.25]})
    values = objectives.values(facts)
    assert values == {"robustness": 0.25, "latency_ms": 2.0}
    assert objectives.points([values]).tolist() == [[0.25, -2.0]]


def test_the_reference_is_the_worst_of_stage_1_grown_to_full_size() -> None:
    objectives = make_objectives(["reward", "params"])
    first = [
        (Facts(CELL), {"reward": 0.5, "params": 10.0}),
        (Facts(TWO_BLOCKS), {"reward": 0.25, "params": 24.0}),
    ]
    assert objectives.reference(first, B=3) == {"reward": 0.375, "params": 36.0}
    assert objectives.reference([], B=3) is None


def test_the_hypervolume_does_not_depend_on_units() -> None:
    objectives = make_objectives(["reward", "params"])
    values = [{"reward": 0.75, "params": 5.0}]
    expected = (0.75 - 0.25) * (1 - 5 / 20)
    reference = {"reward": 0.25, "params": 20.0}
    assert objectives.hypervolume(values, reference) == pytest.approx(expected)
    in_thousands = [{"reward": 0.75, "params": 5000.0}]
    reference = {"reward": 0.25, "params": 20_000.0}
    assert objectives.hypervolume(in_thousands, reference) == pytest.approx(expected)


def test_an_extension_brings_an_objective(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(ROOT / "docs/examples/my_objective.py"))
    objective = make_objectives(["reward", "depth"]).by_name["depth"]
    assert objective.is_known_before
    assert objective.value(Facts(CELL)) == 1
    assert objective.value(Facts(TWO_BLOCKS)) == 2
