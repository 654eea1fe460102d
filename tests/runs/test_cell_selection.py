"""`cell=best` and `cell=top3` with ``from=`` a search: its winner, then its table of best cells."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from support.winners import stored_winner

from pnas.config import Settings, read_settings
from pnas.data import DigitsSpec, ImageFolderSpec
from pnas.errors import InvalidValue
from pnas.library.composition import compose_search
from pnas.records import ChildResult, Choice, Journal, Status
from pnas.runs.cell_selection import select_cells
from pnas.runs.command_context import Context
from pnas.runs.search_directory import write_config
from pnas.state_space import Cell

REWARDS = {
    "(-1, 3x3 maxpool, -2, identity)": [0.92],
    "(-1, identity, -1, identity)": [0.91, 0.91, 0.91],
    "(-1, identity, -2, identity)": [0.60, 0.80],
    "(-1, 3x3 maxpool, -1, 3x3 maxpool)": [0.5],
}
"""The highest reward is that of a single training, and is expected to be too high."""

BY_SINGLE_REWARD, BY_EXPECTED_REWARD, NAMED_WINNER, WORST = REWARDS


def make_search(run_dir: Path, winner: str | None, *overrides: str) -> None:
    """Write a search that trained the cells of `REWARDS`, as often as they have rewards."""
    run_dir.mkdir(parents=True)
    command = ("tracking=none", "name=made", *overrides)
    config = read_settings(compose_search(command).config).as_dict()
    write_config(run_dir, config)
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal.set_meta(config=config, search_id="a", name="made", status="finished")
        if winner is not None:
            key = Cell.parse(winner).text_hash
            journal.set_meta(winner=stored_winner(cell=winner, key=key))
        for number in range(3):
            _train_all(journal, number)


def _train_all(journal: Journal, number: int) -> None:
    """Store the training of this number, from 0, of each cell that has it."""
    stage = number + 1
    choices = []
    results = {}
    for text, rewards in REWARDS.items():
        if number >= len(rewards):
            continue
        cell = Cell.parse(text)
        key = cell.text_hash if number == 0 else f"{cell.text_hash}-{stage}"
        choices.append(Choice(cell, key, number, None))
        results[key] = ChildResult(cell, number, Status.OK, rewards[number])
    journal.open_stage(stage, choices, 0, len(choices), 0.0)
    for key, result in results.items():
        journal.end_child(key, result)
    journal.close_stage(stage, None)


def selected(tmp_path: Path, cell: str) -> list[str]:
    command = ("task=train", f"from={tmp_path / 'made'}", f"cell={cell}", "name=n", "tracking=none")
    settings = read_settings(compose_search(command).config)
    chosen = select_cells(settings, Context(tmp_path / "n"))
    return [str(cell) for cell in chosen.cells]


def test_the_winner_is_followed_by_the_others_in_the_order_of_the_table(tmp_path: Path) -> None:
    make_search(tmp_path / "made", winner=NAMED_WINNER)
    assert selected(tmp_path, "best") == [NAMED_WINNER]
    others = [BY_EXPECTED_REWARD, BY_SINGLE_REWARD, WORST]
    assert selected(tmp_path, "top4") == [NAMED_WINNER, *others]


def test_without_a_winner_the_order_is_that_of_the_table(tmp_path: Path) -> None:
    make_search(tmp_path / "made", winner=None)
    ordered = [BY_EXPECTED_REWARD, BY_SINGLE_REWARD, NAMED_WINNER, WORST]
    assert selected(tmp_path, "top4") == ordered


ON_PHOTOS = (
    "data=image_folder",
    "data.path=photos",
    "data.image_size=24",
    "child=flat",
    "child.filters=12",
)
"""What a search was told of its data and its children."""


def settings_of(tmp_path: Path, *typed: str, choices: Mapping[str, str] | None = None) -> Settings:
    """Settings of a training of the search's best cell by a command with ``typed`` overrides."""
    command = ("task=train", f"from={tmp_path / 'made'}", "name=n", "tracking=none", *typed)
    settings = read_settings(compose_search(command).config)
    keys = frozenset(word.partition("=")[0] for word in command)
    return select_cells(settings, Context(tmp_path / "n", keys, choices or {})).settings


def test_typed_keys_change_those_of_the_search(tmp_path: Path) -> None:
    make_search(tmp_path / "made", NAMED_WINNER, *ON_PHOTOS)
    inherited = settings_of(tmp_path)
    assert isinstance(inherited.data, ImageFolderSpec)
    assert (inherited.data.path, inherited.data.image_size) == ("photos", 24)
    changed = settings_of(tmp_path, "data.val_size=40", "child.filters=36")
    assert changed.data == replace(inherited.data, val_size=40)
    assert changed.child == replace(inherited.child, filters=36)
    assert changed.child.kind == "flat"


def test_an_option_that_is_typed_replaces_that_of_the_search(tmp_path: Path) -> None:
    make_search(tmp_path / "made", NAMED_WINNER, *ON_PHOTOS)
    chosen = settings_of(tmp_path, "data=digits", "data.val_size=40")
    assert isinstance(chosen.data, DigitsSpec)
    assert chosen.data.val_size == 40
    by_experiment = settings_of(tmp_path, "child=paper", choices={"child": "paper"})
    assert by_experiment.child == settings_of(tmp_path, "child=paper").child
    assert by_experiment.child.filters != 12


def test_a_key_that_the_data_of_the_search_do_not_read_is_refused(tmp_path: Path) -> None:
    make_search(tmp_path / "made", NAMED_WINNER, *ON_PHOTOS)
    with pytest.raises(InvalidValue, match=r"child\.repeats: .*child.kind=flat does not read it"):
        settings_of(tmp_path, "child.repeats=2")


def test_a_training_that_an_earlier_version_began_goes_on_with_its_settings(
    tmp_path: Path,
) -> None:
    make_search(tmp_path / "made", NAMED_WINNER, *ON_PHOTOS)
    begun = read_settings(compose_search(("task=train", "name=n", "child.filters=36")).config)
    (tmp_path / "n").mkdir()
    with Journal(tmp_path / "n" / "journal.sqlite", create=True) as journal:
        journal.set_meta(config=begun.as_dict())
    continued = settings_of(tmp_path, "child.filters=36")
    assert continued.child == begun.child
    assert continued.data == begun.data


def test_damage_of_the_own_directory_is_left_to_who_continues_it(tmp_path: Path) -> None:
    make_search(tmp_path / "made", NAMED_WINNER, *ON_PHOTOS)
    (tmp_path / "n").mkdir()
    (tmp_path / "n" / "config.yaml").write_text("{")
    (tmp_path / "n" / "journal.sqlite").write_text("no database")
    assert settings_of(tmp_path, "child.filters=36").child.filters == 36
