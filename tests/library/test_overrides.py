"""Keyword arguments of `pnas.search` as a command's overrides."""

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from pnas.errors import InvalidValue
from pnas.library.overrides import overrides_of, written


def test_keys_are_found_in_their_groups() -> None:
    keywords = {"B": 3, "K": None, "epochs": 5, "workers": 2, "seed": 1, "max_seconds": 0.5}
    assert overrides_of(keywords) == [
        "seed=1",
        "state_space.B=3",
        "controller.K=null",
        "trainer.epochs=5",
        "executor.workers=2",
        "search.max_seconds=0.5",
    ]


def test_options_come_before_the_keys_of_groups() -> None:
    keywords = {"trainer": {"epochs": 3}, "controller": "lstm"}
    assert overrides_of(keywords) == ["controller=lstm", "trainer.epochs=3"]


def test_a_key_may_be_named_with_its_group() -> None:
    assert overrides_of({"trainer.epochs": 3, "experiment": None}) == ["trainer.epochs=3"]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"path": "x"}, "path: is a key of several groups; write data={"),
        ({"epoch": 3}, "epoch: must be a key that exists; the closest is trainer.epochs"),
        ({"task": "train"}, "task: must be left out: it does not belong to a search"),
        ({"from": "outputs/a"}, "from: must be left out: it does not belong"),
    ],
)
def test_other_keywords_are_refused(keywords: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        overrides_of(keywords)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -1e-05,
        "text",
        "a 'quoted' one",
        "ends in \\",
        "C:\\'s",
        "",
        "null",
        [1, 2],
        ["3x3 conv", "it's"],
        "(-1, 3x3 conv, -2, identity)",
    ],
)
def test_hydra_reads_what_is_written(value: object) -> None:
    override = OverridesParser.create().parse_override(f"key={written(value)}")
    assert override.value() == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.01), 0.01),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array(["3x3 conv", "identity"]), ["3x3 conv", "identity"]),
        (
            {"params": 100_000, "madds": np.float64(2.5)},
            {"params": 100_000, "madds": 2.5},
        ),
        ({}, {}),
    ],
)
def test_numpy_s_values_and_mappings_are_written_too(value: object, expected: object) -> None:
    override = OverridesParser.create().parse_override(f"key={written(value)}")
    assert override.value() == expected
