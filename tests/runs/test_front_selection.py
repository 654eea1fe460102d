"""Cells of a front, and the best cell within a limit, by what people type."""

from pathlib import Path

import pytest
from support.made_journals import choices_of, new_journal, one_block_cells, open_stage

from pnas.errors import InvalidValue
from pnas.records import ChildResult, Status
from pnas.runs.front_selection import front_cells, is_front_selection

CELLS = one_block_cells(3)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A search whose third cell is dominated by the second one."""
    with new_journal(tmp_path) as journal:
        config = {"search": {"objectives": ["reward", "params"]}, "state_space": {"B": 1}}
        journal.set_meta(name="demo", config=config)
        open_stage(journal, 1, choices_of(CELLS))
        for cell, reward, params in zip(CELLS, (0.25, 0.75, 0.5), (10, 20, 20), strict=True):
            result = ChildResult(cell, seed=1, status=Status.OK, reward=reward, params=params)
            journal.end_child(cell.text_hash, result)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("front", CELLS[:2]),
        ("front[1]", CELLS[:1]),
        ("front[2]", CELLS[1:2]),
        ("best with params<20", CELLS[:1]),
        ("best with params <= 2e1", CELLS[1:2]),
        ("best with reward<0.6", CELLS[2:]),
    ],
)
def test_cells_are_named(text: str, expected: list[object], run_dir: Path) -> None:
    assert is_front_selection(text)
    assert front_cells(text, run_dir) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("front[3]", r"must be at most front\[2\]"),
        ("best with params<5", "must be met by a trained child"),
        ("best with params=5", "must be like best with madds<2e6"),
        ("best with params<1.2.3", "must have a number in place of 1.2.3"),
        ("best with beauty<5", "must be names among reward"),
    ],
)
def test_what_names_no_cell_is_refused(text: str, said: str, run_dir: Path) -> None:
    with pytest.raises(InvalidValue, match=rf"^cell: {said}"):
        front_cells(text, run_dir)


def test_a_search_of_one_objective_has_no_front(tmp_path: Path) -> None:
    with new_journal(tmp_path) as journal:
        journal.set_meta(name="demo", config={"search": {"objectives": ["reward"]}})
    with pytest.raises(InvalidValue, match=r"^cell: must name cells of a search of several"):
        front_cells("front", tmp_path)


@pytest.mark.parametrize("text", ["front[0]", "front[]", "frontier", "best", "top5"])
def test_other_names_are_left_to_others(text: str) -> None:
    assert not is_front_selection(text)
