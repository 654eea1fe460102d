"""Mistyped commands are answered with the key or option that was meant, first."""

import runpy
from typing import Any

import pytest
from support.command import ROOT

SCRIPT = runpy.run_path(str(ROOT / "experiments" / "mistyped_commands.py"))
COMMANDS: tuple[tuple[str, str], ...] = SCRIPT["COMMANDS"]
answer: Any = SCRIPT["answer"]


@pytest.mark.parametrize(("override", "meant"), COMMANDS)
def test_the_answer_names_what_was_meant_first(override: str, meant: str) -> None:
    text = answer(override)
    key, _, rule = text.partition(": ")
    assert key == override.partition("=")[0]
    assert "\n" not in text
    assert text.count("Received: ") == 1
    before_others = rule.partition("(others")[0]
    assert meant in before_others


@pytest.mark.parametrize(("override", "meant"), COMMANDS)
def test_at_most_five_others_are_named(override: str, meant: str) -> None:
    others = answer(override).partition("(others: ")[2].partition(")")[0]
    assert len([other for other in others.split(", ") if other]) <= 5


def test_the_documented_answers_are_those_that_are_given() -> None:
    assert (ROOT / "docs" / "errors.md").read_text() == SCRIPT["page"]()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainer.epochs=three", "trainer.epochs: must be an integer"),
        ("trainer.learning_rate=fast", "trainer.learning_rate: must be a number"),
        ("~trainer.epochs", "trainer.epochs: must have a value; it cannot be removed"),
        ("zzz=3", "zzz: must be a key that exists (--cfg job shows all"),
        ("seed=[1", "command line: must be KEY=VALUE"),
        ("trainer.epochs=null", "trainer.epochs: must be an integer of at least 1. Received: None"),
        ("seed=1,2", "seed: must be one value: a list is typed as '[a,b]', and -m makes a run"),
        ("data=my/photos", "data: must be an option that exists"),
        ("data=npz", "data.path: must be given with data=npz"),
    ],
)
def test_the_rule_is_in_words(override: str, message: str) -> None:
    assert answer(override).startswith(message)
