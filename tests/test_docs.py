"""The documentation: every command in it composes, and the reference knows every key."""

import re
import runpy
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from support.command import ROOT

from pnas.config import GROUPS, register_schema

PAGES = sorted((ROOT / "docs").glob("*.md"))


def commands(page: Path) -> list[list[str]]:
    """The overrides of each ``python run.py`` line in a page's bash blocks."""
    blocks = re.findall(r"```bash\n(.*?)```", page.read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    found = [
        re.search(r"python run\.py (.*)", line)
        for line in lines
        if not line.startswith(("#", "eval"))
    ]
    typed = [shlex.split(match[1], comments=True) for match in found if match]
    return [words for words in typed if not words[0].startswith("--")]


COMMANDS = [(page.name, words) for page in PAGES for words in commands(page)]


def first_choice(word: str) -> str | None:
    """An override as the first job of a multirun gets it; None for options, and for what only Hydra
    can expand.
    """
    if word.startswith("-") or "glob(" in word or "interval(" in word:
        return None
    key, _, value = word.partition("=")
    is_quoted = value.startswith("(") or (key == "cell" and not value.isalnum())
    if is_quoted:  # a cell: run.py quotes it for Hydra
        return f"{key}='{value}'"
    override = OverridesParser.create().parse_override(word)
    return (
        f"{override.get_key_element()}={next(override.sweep_string_iterator())}"
        if _is_list(word, override)
        else word
    )


def _is_list(word: str, override: object) -> bool:
    return bool(override.is_sweep_override()) and "interval" not in word  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("page", "words"),
    COMMANDS,
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_every_command_composes(page: str, words: list[str]) -> None:
    register_schema()
    overrides = [part for word in words if (part := first_choice(word)) is not None]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        assert compose("config", overrides, return_hydra_config=True) is not None


def test_there_are_commands_to_test() -> None:
    assert len(COMMANDS) >= 30


def test_the_reference_has_every_key_and_its_meaning() -> None:
    made = runpy.run_path(str(ROOT / "experiments" / "config_reference.py"))["reference"]()
    rows = dict(re.findall(r"^\| `(\w+\.\w+)` \|.*\| (.*) \|$", made, re.MULTILINE))
    keys = {
        f"{group}.{name}"
        for group in GROUPS
        for _, spec in GROUPS[group].options()
        for name in (field.name for field in fields(spec))
    }
    assert keys <= rows.keys()
    assert {key for key in keys if not rows[key].strip()} == set()
