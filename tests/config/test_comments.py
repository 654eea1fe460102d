"""Every key of every file in conf/ says in one line what it is."""

import re
from pathlib import Path

import pytest

CONF = Path(__file__).parents[2] / "conf"
FILES = [path for path in sorted(CONF.rglob("*.yaml")) if "experiment" not in path.parts]
HEADS = ("defaults:", "hydra:", "params:", "task:")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CONF)))
def test_keys_are_commented(path: Path) -> None:
    lines = path.read_text().splitlines()
    keys = [line for line in lines if re.match(r"\w[\w.]*:( |$)", line)]
    assert keys
    # The name of an option says itself what it is.
    silent = [line for line in keys if "#" not in line and not line.startswith(HEADS)]
    names = [line for line in silent if line.startswith(("kind:", "backend:"))]
    assert silent == names
    assert len(names) <= 1


@pytest.mark.parametrize(
    "path", sorted((CONF / "experiment").glob("*.yaml")), ids=lambda path: path.stem
)
def test_experiments_open_with_their_command(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0] == "# @package _global_"
    assert f"python run.py experiment={path.stem}" in lines[1]
