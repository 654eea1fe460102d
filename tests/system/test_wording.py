"""Numbers and names as sentences have them."""

import pytest

from pnas.system.wording import one_of, plural


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1200, "1,200 runs")]
)
def test_plurals(number: int, text: str) -> None:
    assert plural(number, "run") == text


def test_a_plural_of_its_own() -> None:
    assert [plural(number, "child", "children") for number in (1, 2)] == ["1 child", "2 children"]


@pytest.mark.parametrize(
    ("names", "text"), [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")]
)
def test_alternatives(names: list[str], text: str) -> None:
    assert one_of(names) == text
