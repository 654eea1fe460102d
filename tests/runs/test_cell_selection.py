"""`cell=best` and `cell=top3` with ``from=`` a search: its winner, then its table of best cells."""

from pathlib import Path

from support.winners import stored_winner

from pnas.config import read_settings
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


def make_search(run_dir: Path, winner: str | None) -> None:
    """Write a search that trained the cells of `REWARDS`, as often as they have rewards."""
    run_dir.mkdir(parents=True)
    config = read_settings(compose_search(("tracking=none", "name=made")).config).as_dict()
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
