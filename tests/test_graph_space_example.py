"""docs/examples/my_graph_space.py: a space that the package has no class for, and its table."""

import csv
import runpy
from pathlib import Path

import pytest
from support.cells import enumerated_cells
from support.command import ROOT, run_here

from pnas.errors import InvalidValue
from pnas.extensions import VARIABLE
from pnas.state_space import Cell, SlotSpace, build_space
from pnas.tables import load_table

EXAMPLE = ROOT / "docs" / "examples" / "my_graph_space.py"


@pytest.fixture(autouse=True)
def extension(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(EXAMPLE))
    monkeypatch.chdir(tmp_path)


def make_space(B: int) -> SlotSpace:
    return build_space({"kind": "graph", "B": B})


def write_small_table(folder: Path) -> Path:
    """A table of all cells of 2 nodes, whose rewards are made up."""
    lines = ["cell,reward,test,params"]
    for number, cell in enumerate(enumerated_cells(make_space(2), 2)):
        lines.append(f'"{cell}",{0.5 + number / 1000},{0.4 + number / 1000},{100 + number}')
    rows = folder / "small.csv"
    rows.write_text("\n".join(lines) + "\n")
    table: Path = runpy.run_path(str(EXAMPLE))["write_table"](rows, folder / "graph", B=2)
    return table


def test_the_published_numbers_of_cells() -> None:
    space = make_space(3)
    assert [space.num_cells(b) for b in (1, 2, 3)] == [9, 109, 1613]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(-1, gat), (-1, gcn)", "(-1, gcn), (-1, gat)"),
        ("(-1, skip_connect), (0, gat)", "(-1, gat), (0, skip_connect)"),
        ("(-1, gat), (-1, skip_connect)", "(-1, gat), (0, skip_connect)"),
        ("(-1, gat), (0, gcn), (1, skip_connect)", "(-1, skip_connect), (0, gat), (1, gcn)"),
    ],
)
def test_cells_that_are_the_same_network(one: str, other: str) -> None:
    space = make_space(3)
    assert space.key(Cell.parse(one)) == space.key(Cell.parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(-1, gat), (-1, gcn)", "(-1, gat), (0, gcn)"),
        ("(-1, gat), (0, gcn)", "(-1, gcn), (0, gat)"),
        ("(-1, gat), (0, gcn), (0, skip_connect)", "(-1, gat), (0, gcn), (1, skip_connect)"),
    ],
)
def test_cells_that_are_different_networks(one: str, other: str) -> None:
    space = make_space(3)
    assert space.key(Cell.parse(one)) != space.key(Cell.parse(other))


def test_a_table_of_full_cells_answers_small_ones(tmp_path: Path) -> None:
    table = load_table(write_small_table(tmp_path))
    assert len(table.rows) == 109
    assert table.row(Cell.parse("(-1, gat)")) == table.row(
        Cell.parse("(-1, gat), (0, skip_connect)")
    )


def test_the_space_has_at_most_four_nodes() -> None:
    with pytest.raises(InvalidValue, match=r"^state_space\.B: must be an integer from 1 to 4"):
        make_space(5)


def test_a_search_in_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = write_small_table(tmp_path)
    space = ("state_space=nasbench201", "state_space.kind=graph", "state_space.B=2")
    tabular = ("trainer=tabular", f"trainer.table={table}", "tracking=none")
    search = ("search=random", "search.max_children=20")
    assert run_here("name=graph", *space, *tabular, *search) == 0, capsys.readouterr().err
    with (tmp_path / "outputs" / "graph" / "children.csv").open(newline="") as file:
        rewards = [row["reward"] for row in csv.DictReader(file)]
    assert len(list(filter(None, rewards))) == 20
