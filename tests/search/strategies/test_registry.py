"""What is refused before any work starts."""

from typing import Any

import pytest

from pnas.errors import InvalidValue
from pnas.search import SearchSpec, check_search
from pnas.state_space import StateSpace

SPACE = StateSpace(2, ["3x3 conv", "identity"], -1)  # 3 and 27 cells


@pytest.mark.parametrize(
    ("spec", "K", "epochs", "key", "rule"),
    [
        ({}, 28, 2, "controller.K", "at most 27"),
        ({"probe": 1}, None, 2, "search.probe", "controller.K=null"),
        ({"probe": 3}, 25, 2, "search.probe", "at most 2"),
        ({"max_children": 2}, 8, 2, "search.max_children", "at least 3"),
        ({"first": 4}, 8, 2, "search.first", "at most 3"),
        ({"first": 2, "max_children": 1}, 8, 2, "search.max_children", "at least 2"),
        ({"max_epochs": 5}, 8, 2, "search.max_epochs", "at least 6"),
        ({"max_epochs": 5}, 8, None, "search.max_epochs", "not known"),
        ({"kind": "evolution", "max_children": 19}, 8, 2, "search.max_children", "at least 20"),
    ],
)
def test_too_large_or_too_small(
    spec: dict[str, Any], K: int | None, epochs: float, key: str, rule: str
) -> None:
    with pytest.raises(InvalidValue, match=rule) as refused:
        check_search(SearchSpec(**spec), SPACE, K, epochs)
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("spec", "K"),
    [
        ({}, None),
        ({}, 27),
        ({"first": 2, "max_children": 2}, 8),
        ({"probe": 2, "max_children": 3, "max_epochs": 6}, 25),
        ({"kind": "random", "max_children": 1}, 1000),
    ],
)
def test_what_fits(spec: dict[str, Any], K: int | None) -> None:
    check_search(SearchSpec(**spec), SPACE, K, 2)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"kind": "oracle"}, "search.kind"),
        ({"kind": "random"}, "search.max_children"),
        ({"refine": 5}, "search.max_children"),
        ({"kind": "random", "max_children": 9, "probe": 1}, "search.probe"),
        ({"kind": "evolution", "max_children": 9, "sample": 21}, "search.sample"),
        ({"kind": "random", "max_children": 9, "first": 2}, "search.first"),
        ({"first": 1}, "search.first"),
        ({"explore": 1.5}, "search.explore"),
        ({"uncertainty": -1.0}, "search.uncertainty"),
        ({"uncertainty": float("inf")}, "search.uncertainty"),
        ({"probe": -1}, "search.probe"),
        ({"batch": 0}, "search.batch"),
        ({"max_epochs": 0}, "search.max_epochs"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        SearchSpec(**settings)
    assert refused.value.key == key
