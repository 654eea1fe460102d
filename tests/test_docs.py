"""The documentation: every command in it composes, and the reference knows every key."""

import re
import runpy
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from support.command import ROOT, files_parsed_once

from pnas.config import GROUPS, register_schema

PAGES = sorted((ROOT / "docs").glob("*.md"))


def commands(page: Path) -> list[list[str]]:
    """The overrides of each ``python run.py`` line in a page's bash blocks."""
    lines = []
    for block in re.findall(r"```bash\n(.*?)```", page.read_text(), re.DOTALL):
        lines += block.replace("\\\n", " ").splitlines()

    typed = []
    for line in lines:
        match = re.search(r"python run\.py (.*)", line)
        if match is None or line.startswith(("#", "eval")):
            continue
        words = shlex.split(match[1], comments=True)
        if not words[0].startswith("--"):
            typed.append(words)
    return typed


@pytest.fixture(scope="module")
def composing() -> Iterator[None]:
    """Let Hydra find conf/ and the schema: registering it takes as long as composing a command."""
    register_schema()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"), files_parsed_once():
        yield


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
    if not override.is_sweep_override():
        return word
    first = next(override.sweep_string_iterator())
    return f"{override.get_key_element()}={first}"


@pytest.mark.parametrize(
    ("page", "words"),
    COMMANDS,
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_every_command_composes(page: str, words: list[str], composing: None) -> None:
    choices = map(first_choice, words)
    overrides = [choice for choice in choices if choice is not None]
    assert compose("config", overrides, return_hydra_config=True) is not None


def test_there_are_commands_to_test() -> None:
    assert len(COMMANDS) >= 30


def test_the_reference_has_every_key_and_its_meaning() -> None:
    made = runpy.run_path(str(ROOT / "experiments" / "config_reference.py"))["reference"]()
    rows = dict(re.findall(r"^\| `(\w+\.\w+)` \|.*\| (.*) \|$", made, re.MULTILINE))
    keys = set()
    for name, group in GROUPS.items():
        for _, spec in group.options():
            keys |= {f"{name}.{field.name}" for field in fields(spec)}
    assert keys <= rows.keys()
    without_meaning = {key for key in keys if not rows[key].strip()}
    assert without_meaning == set()


def test_the_tests_that_reliability_names_exist() -> None:
    """Each name in the table, and each that repeats the file before it (``::test``)."""
    text = (ROOT / "docs" / "reliability.md").read_text()
    names = re.findall(r"`((?:tests/)?[\w/]+\.py)?(::test_\w+)?`", text)
    path = ROOT
    for file, test in names:
        if file and Path(file).name.startswith("test_"):
            path = ROOT / "tests" / file.removeprefix("tests/")
            assert path.is_file(), file
        if test:
            assert f"def {test.removeprefix('::')}(" in path.read_text(), test
