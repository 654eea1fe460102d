"""What the terminal says of a table."""

from pathlib import Path

from support.made_journals import new_journal, one_block_cells

from pnas.searching.table_rows import summary_lines
from pnas.tables import Row

CELLS = one_block_cells(3)


def test_the_spread_of_rewards_is_split_into_cells_and_seeds(tmp_path: Path) -> None:
    rewards = ((0.90, 0.92), (0.94, 0.96), (0.95, 0.93))
    rows = [(cell, Row(each)) for cell, each in zip(CELLS, rewards, strict=True)]
    # Variances .000333 and .0002: the example of pnas.preflight.reliability.
    assert summary_lines(rows, new_journal(tmp_path)) == [
        "3 cells, 6 trainings, 0 failed",
        "standard deviation of rewards: 0.0183 between cells, 0.0141 between seeds",
    ]


def test_cells_that_lack_a_training_do_not_count(tmp_path: Path) -> None:
    rewards = ((0.90, 0.92), (0.94, 0.96), (0.5,))
    rows = [(cell, Row(each)) for cell, each in zip(CELLS, rewards, strict=True)]
    expected = summary_lines(rows[:2], new_journal(tmp_path))[1]
    assert summary_lines(rows, new_journal(tmp_path))[1] == expected


def test_of_single_trainings_nothing_is_said(tmp_path: Path) -> None:
    rows = [(cell, Row((0.5,))) for cell in CELLS]
    assert summary_lines(rows, new_journal(tmp_path)) == ["3 cells, 3 trainings, 0 failed"]
