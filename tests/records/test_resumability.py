from pathlib import Path
from typing import Any

import pytest

from pnas.errors import InvalidValue
from pnas.records.resumability import (
    check_resumable,
    differences,
    raised_limits,
    with_changeable_values,
)

CONFIG: dict[str, Any] = {
    "seed": 1,
    "state_space": {"B": 3},
    "controller": {"K": 8, "steps": 10},
    "trainer": {"epochs": 5, "device": "auto"},
    "executor": {"workers": 2},
}


def test_differences_are_dotted_and_include_missing_keys() -> None:
    stored = {"a": {"b": 1, "c": 2}}
    current = {"a": {"b": 1, "d": 3}}
    assert differences(stored, current) == [("a.c", 2, None), ("a.d", None, 3)]


@pytest.mark.parametrize(
    "change",
    [
        {"executor": {"workers": 8}},
        {"trainer": {"epochs": 5, "device": "gpu"}},
    ],
)
def test_what_only_changes_speed_may_change(change: dict[str, Any], tmp_path: Path) -> None:
    check_resumable(tmp_path, CONFIG, {**CONFIG, **change})


OTHER_MEANINGS = [
    ({"seed": 2}, "seed"),
    ({"state_space": {"B": 2}}, "state_space.B"),
    ({"controller": {"K": 4, "steps": 10}}, "controller.K"),
    ({"controller": {"K": 16, "steps": 20}}, "controller.steps"),
    ({"trainer": {}}, "trainer.epochs"),
]


@pytest.mark.parametrize(
    ("change", "key"),
    OTHER_MEANINGS,
)
def test_what_changes_the_meaning_of_rewards_is_refused(
    change: dict[str, Any], key: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_resumable(tmp_path, CONFIG, {**CONFIG, **change})
    assert refused.value.key == key


def test_the_refusal_names_what_else_has_changed(tmp_path: Path) -> None:
    changed = {**CONFIG, "seed": 2, "trainer": {"epochs": 6, "device": "auto"}}
    rule = r"seed: .*started with 1.*also changed: trainer.epochs.*Received: 2"
    with pytest.raises(InvalidValue, match=rule):
        check_resumable(tmp_path, CONFIG, changed)


RAISED_LIMITS = [
    ({"state_space": {"B": 5}}, {"state_space.B": (3, 5)}),
    ({"controller": {"K": 16, "steps": 10}}, {"controller.K": (8, 16)}),
    ({"controller": {"K": None, "steps": 10}}, {"controller.K": (8, None)}),
    ({}, {}),
]


@pytest.mark.parametrize(
    ("change", "raised"),
    RAISED_LIMITS,
)
def test_limits_may_be_raised(
    change: dict[str, Any], raised: dict[str, Any], tmp_path: Path
) -> None:
    current = {**CONFIG, **change}
    check_resumable(tmp_path, CONFIG, current)
    assert raised_limits(CONFIG, current) == raised


def test_every_candidate_is_the_largest_limit(tmp_path: Path) -> None:
    stored = {**CONFIG, "controller": {"K": None, "steps": 10}}
    rule = r"controller.K: .*null, which may be raised only"
    with pytest.raises(InvalidValue, match=rule):
        check_resumable(tmp_path, stored, CONFIG)


def test_limits_of_a_search_without_growing_stages_stay(tmp_path: Path) -> None:
    stored = {**CONFIG, "search": {"kind": "evolution"}}
    current = {**stored, "state_space": {"B": 4}}
    assert raised_limits(stored, current) == {}
    with pytest.raises(InvalidValue, match=r"state_space.B: .*keep that"):
        check_resumable(tmp_path, stored, current)


def test_a_run_older_than_the_keys_of_later_predictors_goes_on() -> None:
    stored = {"controller": {"predictor": "lstm"}}
    current = {"controller": {"predictor": "lstm", "parts": ["gp", "trees"], "cross_validate": 0}}
    check_resumable(Path("run"), stored, current)


@pytest.mark.parametrize("predictor", ["rank_ensemble", "unlike"])
def test_an_ensemble_is_what_its_parts_are(predictor: str) -> None:
    stored = {"controller": {"predictor": predictor, "parts": ["gp", "trees"]}}
    current = {"controller": {"predictor": predictor, "parts": ["gp", "mlp"]}}
    with pytest.raises(InvalidValue, match=r"^controller.parts: "):
        check_resumable(Path("run"), stored, current)


def test_a_mixed_start_has_no_limits_to_raise(tmp_path: Path) -> None:
    stored = {**CONFIG, "search": {"kind": "refined", "start": "mixed"}}
    space = {**stored["state_space"], "B": stored["state_space"]["B"] + 1}
    with pytest.raises(InvalidValue, match=r"state_space\.B: .* keep that, or choose another name"):
        check_resumable(tmp_path, stored, {**stored, "state_space": space})
    with pytest.raises(InvalidValue, match=r"controller\.K: .* keep that, or choose another name"):
        check_resumable(tmp_path, stored, {**stored, "controller": {"K": 99, "steps": 10}})


def test_a_search_that_stops_early_keeps_its_beam(tmp_path: Path) -> None:
    stops = {**CONFIG, "search": {"kind": "progressive", "early_stop": 0.05}}
    wider = {**stops, "controller": {**stops["controller"], "K": 16}}
    with pytest.raises(InvalidValue, match=r"controller.K: .* was started with 8; keep that"):
        check_resumable(tmp_path, stops, wider)
    deeper = {**stops, "state_space": {**stops["state_space"], "B": 5}}
    assert raised_limits(stops, deeper).keys() == {"state_space.B"}


def test_what_may_change_is_taken_from_the_later_command_and_nothing_else() -> None:
    stored = {"search": {"max_children": 12}, "controller": {"K": 4}, "seed": 1}
    current = {"search": {"max_children": 30, "confirm": 0.2}, "controller": {"K": 8}, "seed": 2}
    changed = with_changeable_values(stored, current)
    assert changed == {**stored, "search": {"max_children": 30, "confirm": 0.2}}
    assert stored["search"] == {"max_children": 12}
