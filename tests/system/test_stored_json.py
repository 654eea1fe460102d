import math

import pytest

from pnas.errors import MalformedFile
from pnas.system.stored_json import parse_json, parse_json_mapping


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("null", None), ('{"a": [1, {"b": 2}]}', {"a": [1, {"b": 2}]}), (b'"x"', "x")],
)
def test_json_is_parsed(text: str | bytes, value: object) -> None:
    assert parse_json(text, "file") == value


def test_values_that_are_not_finite_are_left_to_the_reader() -> None:
    assert math.isnan(parse_json("NaN", "file"))


NOT_JSON = [
    ("", "must be JSON"),
    ("{", "must be JSON"),
    ('{"a": }', "must be JSON"),
    (b"\xff\xfe\xff", "must be JSON"),
    ("1" * 5000, "must be JSON"),
    ("[" * 200_000, "levels deep"),
    ("[" * 200_000 + "]" * 200_000, "levels deep"),
    ('{"a":' * 70 + "1" + "}" * 70, "levels deep"),
    ("[" * 66 + "]" * 66, "levels deep"),
]


@pytest.mark.parametrize(
    ("text", "rule"),
    NOT_JSON,
)
def test_what_is_no_json_is_refused_in_one_line(text: str | bytes, rule: str) -> None:
    with pytest.raises(MalformedFile, match=rule) as refused:
        parse_json(text, "run/file.json")
    message = str(refused.value)
    assert message.startswith("run/file.json: ")
    assert "\n" not in message
    assert len(message) < 400


def test_a_text_without_end_is_refused_unread() -> None:
    with pytest.raises(MalformedFile, match="at most 10 characters"):
        parse_json("1" * 11, "file", max_characters=10)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"'])
def test_a_mapping_must_be_one(text: str) -> None:
    with pytest.raises(MalformedFile, match="must be a JSON mapping"):
        parse_json_mapping(text, "file")
