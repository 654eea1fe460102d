"""YAML files from anybody: bounded before any value is made."""

import time

import pytest

from pnas.errors import MalformedFile
from pnas.system.stored_yaml import MAX_BYTES, MAX_DEPTH, load_yaml


def bomb(levels: int) -> str:
    """YAML of a few lines whose aliases stand for 9 ** levels values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        inner = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{inner}]")
    return "\n".join(lines)


def test_plain_data_are_loaded(tmp_path):
    path = tmp_path / "plain.yaml"
    path.write_text("name: ä\nvalues: [1, 2.5, null]\n", encoding="utf-8")
    assert load_yaml(path) == {"name": "ä", "values": [1, 2.5, None]}


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (bomb(10), r"without aliases\. Received: '\*a0'"),
        ("a: &a 1\nb: *a\n", "without aliases"),
        ("[" * 100_000, "nest"),
        ("{a: " * 500 + "1" + "}" * 500, f"nested at most {MAX_DEPTH} levels"),
        ("x" * (MAX_BYTES + 1), "at most 1,048,576 bytes"),
        ("a: [1,\n", "must be YAML"),
        ("a: !!python/object:os.system {}\n", None),
    ],
)
def test_what_is_not_plain_is_refused_in_one_line(content, rule, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    started = time.monotonic()
    with pytest.raises(Exception, match=rule or "could not determine a constructor") as refused:
        load_yaml(path)
    assert time.monotonic() - started < 2
    if rule:
        assert isinstance(refused.value, MalformedFile)
        assert str(refused.value).startswith(f"{path}: ")
        assert "\n" not in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(MalformedFile, match="must be YAML"):
        load_yaml(path)
