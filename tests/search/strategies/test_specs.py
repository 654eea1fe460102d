"""Settings of a search: what is refused, what belongs to which strategy, and stored ones of old."""

from dataclasses import asdict, fields
from typing import Any

import pytest

from pnas.errors import InvalidValue
from pnas.search import (
    STRATEGIES,
    EvolutionSpec,
    ProgressiveRandomSpec,
    ProgressiveSpec,
    RandomSpec,
    RefinedSpec,
    SearchSpec,
    make_search_spec,
)
from pnas.search.strategies.stored_specs import SPECS, migrate_search
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity"], -1)  # 3 and 27 cells

FLAT = {
    "kind": "progressive",
    "max_failed": 0.5,
    "failed_reward": "exclude",
    "retry_failed": False,
    "max_seconds": None,
    "max_children": None,
    "max_epochs": None,
    "first": None,
    "probe": 0,
    "uncertainty": 0.0,
    "explore": 0.0,
    "refine": 0,
    "refine_pool": 50000,
    "refine_parents": 20,
    "batch": 8,
    "population": 20,
    "sample": 5,
}
"""The group as it was stored when all strategies had one specification."""


BAD_VALUES = [
    ({"failed_reward": "zero"}, "search.failed_reward"),
    ({"max_failed": 1.0}, "search.max_failed"),
    ({"max_failed": -0.1}, "search.max_failed"),
    ({"max_seconds": 0}, "search.max_seconds"),
    ({"max_seconds": float("nan")}, "search.max_seconds"),
    ({"max_children": 0}, "search.max_children"),
    ({"max_epochs": 1.5}, "search.max_epochs"),
    ({"first": 1}, "search.first"),
    ({"probe": -1}, "search.probe"),
    ({"uncertainty": float("inf")}, "search.uncertainty"),
    ({"explore": 1.5}, "search.explore"),
    ({"kind": "refined"}, "search.max_children"),
    ({"kind": "refined", "max_children": 9, "refine": 0}, "search.refine"),
    ({"asynchronous": True}, "search.asynchronous"),
    ({"kind": "refined", "max_children": 9, "asynchronous": "yes"}, "search.asynchronous"),
    ({"kind": "random"}, "search.max_children"),
    ({"kind": "random", "max_children": 9, "batch": 0}, "search.batch"),
    ({"kind": "evolution"}, "search.max_children"),
    ({"kind": "evolution", "max_children": 9, "population": 4}, "search.sample"),
    ({"kind": "oracle"}, "search.kind"),
    ({"kind": "random", "max_children": 9, "probe": 1}, "search.probe"),
    ({"kind": "random", "max_children": 9, "first": 2}, "search.first"),
    ({"kind": "evolution", "max_children": 9, "sample": 21}, "search.sample"),
    ({"refine": 5}, "search.refine"),
    ({"uncertainty": -1.0}, "search.uncertainty"),
    ({"max_epochs": 0}, "search.max_epochs"),
]


@pytest.mark.parametrize(
    ("settings", "key"),
    BAD_VALUES,
)
def test_bad_values_are_refused_by_name(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        make_search_spec(settings)
    assert refused.value.key == key


MISFITS = [
    (ProgressiveSpec(), 28, 2, "controller.K", "at most 27"),
    (ProgressiveRandomSpec(), 28, 2, "controller.K", "at most 27"),
    (ProgressiveSpec(probe=1), None, 2, "search.probe", "controller.K=null"),
    (ProgressiveSpec(probe=3), 25, 2, "search.probe", "at most 2"),
    (ProgressiveSpec(max_children=2), 8, 2, "search.max_children", "at least 3"),
    (ProgressiveSpec(first=4), 8, 2, "search.first", "at most 3"),
    (ProgressiveSpec(first=2, max_children=1), 8, 2, "search.max_children", "at least 2"),
    (ProgressiveSpec(max_epochs=5), 8, 2, "search.max_epochs", "at least 6"),
    (ProgressiveSpec(max_epochs=5), 8, None, "search.max_epochs", "not known"),
    (EvolutionSpec(max_children=19), 8, 2, "search.max_children", "at least 20"),
]


@pytest.mark.parametrize(
    ("spec", "K", "epochs", "key", "rule"),
    MISFITS,
)
def test_a_search_must_fit_its_space_and_its_budget(
    spec: SearchSpec, K: int | None, epochs: float | None, key: str, rule: str
) -> None:
    with pytest.raises(InvalidValue, match=rule) as refused:
        spec.check(SPACE, K, epochs)
    assert refused.value.key == key


EXACT_FITS = [
    (ProgressiveSpec(), None),
    (ProgressiveSpec(), 27),
    (ProgressiveSpec(first=2, max_children=2), 8),
    (ProgressiveSpec(probe=2, max_children=3, max_epochs=6), 25),
    (RandomSpec(max_children=1), 1000),
    (EvolutionSpec(max_children=20), 1000),
]


@pytest.mark.parametrize(
    ("spec", "K"),
    EXACT_FITS,
)
def test_a_search_that_fits_exactly_is_accepted(spec: SearchSpec, K: int | None) -> None:
    spec.check(SPACE, K, 2)


def test_each_specification_is_found_by_its_kind() -> None:
    for spec in SPECS:
        assert STRATEGIES.spec(spec.kind, SearchSpec) is spec


def planned(spec: SearchSpec, K: int | None = 4) -> list[tuple[str, int, int | None]]:
    return [(phase.name, phase.b, phase.children) for phase in spec.phases(SPACE, K)]


def test_the_phases_say_how_many_children_each_part_has() -> None:
    assert planned(ProgressiveSpec(probe=2)) == [("stage 1", 1, 3), ("stage 2", 2, 6)]
    assert planned(RefinedSpec(first=2, max_children=100)) == [
        ("stage 1", 1, 2),
        ("stage 2", 2, 4),
        ("rounds of 5", 2, 94),
    ]
    assert planned(EvolutionSpec(max_children=100)) == [
        ("random cells", 2, 20),
        ("mutations, 8 a stage", 2, 80),
    ]


def test_a_mixed_start_and_a_confirmation_share_the_budget() -> None:
    assert planned(RefinedSpec(start="mixed", max_children=60, confirm=0.2)) == [
        ("start, small cells", 1, 3),
        ("start, full size", 2, 12),
        ("rounds of 5", 2, 33),
        ("confirmation, at most", 2, 12),
    ]
    # Without a limit the confirmation is a share of what the search trained: 7 / 0.8 * 0.2.
    assert planned(ProgressiveSpec(confirm=0.2))[-1] == ("confirmation, at most", 2, 2)


def test_a_search_that_ends_before_its_budget_confirms_by_what_it_trained() -> None:
    spec = ProgressiveSpec(confirm=0.2, max_children=60)
    assert planned(spec) == planned(ProgressiveSpec(confirm=0.2))
    assert planned(ProgressiveSpec(confirm=0.2, max_children=8)) == [
        ("stage 1", 1, 3),
        ("stage 2", 2, 3),
        ("confirmation, at most", 2, 2),
    ]


def test_a_budget_of_epochs_is_planned_as_one_of_trainings_is() -> None:
    in_epochs = RandomSpec(max_epochs=260, confirm=0.2).phases(SPACE, 4, epochs=25)
    assert [phase.children for phase in in_epochs] == [8, 2]
    both = RandomSpec(max_children=60, max_epochs=87, confirm=0.2)
    assert [phase.children for phase in both.phases(SPACE, 4, epochs=25)] == [3]
    assert both.budget == "search.max_children=60 search.max_epochs=87"


@pytest.mark.parametrize(
    ("limits", "share"),
    [
        ({"max_children": 6, "confirm": 0.2}, 0.2),
        ({"max_children": 5, "confirm": 0.2}, 0.0),
        ({"max_epochs": 150, "confirm": 0.2}, 0.2),
        ({"max_epochs": 149, "confirm": 0.2}, 0.0),
        ({"max_children": 60, "max_epochs": 149, "confirm": 0.2}, 0.0),
        ({"max_children": 4, "confirm": 0.5}, 0.5),
        ({"max_children": 3, "confirm": 0.5}, 0.0),
        ({"max_children": 10, "confirm": 0.9}, 0.0),
        ({"max_children": 20, "confirm": 0.9}, 0.9),
        ({"max_seconds": 1, "confirm": 0.9}, 0.9),
    ],
)
def test_a_confirmation_needs_two_cells_and_two_trainings_of_them(
    limits: dict[str, Any], share: float
) -> None:
    assert SearchSpec(**limits).confirm_share(25) == share


def test_a_budget_cuts_a_search_off_and_time_leaves_its_size_open() -> None:
    assert planned(ProgressiveSpec(max_children=5)) == [("stage 1", 1, 3), ("stage 2", 2, 2)]
    assert planned(RandomSpec(max_seconds=60)) == [("random cells, 8 a stage", 2, None)]


@pytest.mark.parametrize(
    ("spec", "children"),
    [
        (RefinedSpec(max_children=99), 3),
        (RefinedSpec(start="sample", max_children=99), 3),
        (RefinedSpec(start="sample", first=2, max_children=99), 2),
        (RefinedSpec(first=2, max_children=99), 2),
        (RefinedSpec(start="mixed", max_children=99), 3 + 12),
        (RefinedSpec(start="mixed", first=2, first_full=40, max_children=99), 2 + 27),
    ],
)
def test_a_start_fits_spaces_with_few_cells(spec: RefinedSpec, children: int) -> None:
    spec.check(SPACE, 4, 1)
    assert spec.first_children(SPACE) == children


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"confirm": 1.5}, "search.confirm"),
        ({"confirm": 1.0}, "search.confirm"),
        ({"confidence": 1}, "search.confidence"),
        ({"confidence": 0.0}, "search.confidence"),
        ({"tie_break": "unknown"}, "search.tie_break"),
        ({"kind": "refined", "max_children": 9, "start": "everywhere"}, "search.start"),
    ],
)
def test_bad_values_of_confirmation_and_start_are_refused(
    settings: dict[str, Any], key: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        make_search_spec(settings)
    assert refused.value.key == key


def test_the_share_of_the_search_must_have_room_for_the_first_stage() -> None:
    EvolutionSpec(max_children=25, confirm=0.2).check(SPACE, 4, 1)
    with pytest.raises(InvalidValue, match="at least 25"):
        EvolutionSpec(max_children=24, confirm=0.2).check(SPACE, 4, 1)


@pytest.mark.parametrize(
    ("stored", "spec"),
    [
        ({}, ProgressiveSpec()),
        ({"first": 3, "probe": 2}, ProgressiveSpec(first=3, probe=2)),
        (
            {"refine": 5, "uncertainty": 1.0, "max_children": 60},
            RefinedSpec(refine=5, max_children=60),
        ),
        (
            {"refine": 3, "max_children": 60},
            RefinedSpec(refine=3, uncertainty=0.0, max_children=60),
        ),
        (
            {"kind": "random", "batch": 4, "max_children": 60},
            RandomSpec(batch=4, max_children=60),
        ),
        ({"kind": "evolution", "max_children": 60}, EvolutionSpec(max_children=60)),
        ({"kind": "progressive_random"}, ProgressiveRandomSpec()),
    ],
)
def test_flat_settings_of_earlier_versions_are_read(
    stored: dict[str, Any], spec: SearchSpec
) -> None:
    migrated = migrate_search({**FLAT, **stored})
    assert make_search_spec(migrated) == spec


def test_settings_of_this_version_are_not_changed_by_the_migration() -> None:
    for spec in SPECS:
        values = asdict(spec(max_children=100))
        assert migrate_search(values) == values
        assert {each.name for each in fields(spec)} == set(values)


def test_a_key_that_no_version_knew_stays_to_be_refused() -> None:
    assert "unknown" in migrate_search({**FLAT, "unknown": 1})


@pytest.mark.parametrize("spec", [ProgressiveSpec(), RefinedSpec(max_children=5)])
def test_a_predictor_needs_two_cells_to_begin_with(spec: SearchSpec) -> None:
    one = StateSpace(2, ["identity"], -1)
    with pytest.raises(InvalidValue, match="state_space: must have at least 2 cells"):
        spec.check(one, 2, 1)
    spec.check(SPACE, 2, 1)


def test_a_search_without_a_predictor_takes_a_single_cell() -> None:
    RandomSpec(max_children=1).check(StateSpace(1, ["identity"], -1), None, 1)
