"""Tables that are read, and those that are refused in one line."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from support.command import ROOT

from pnas.errors import InvalidValue
from pnas.records import ChildJob
from pnas.state_space import Cell, NASBench201Space, StateSpace
from pnas.tables import Row, TableRunnerFactory, load_table, write_table

SPACE = "{kind: pnas, B: 2, operators: [3x3 conv, identity], input_lookback_depth: -1, input_lookforward_depth: null}"
CONV = '"(-1, 3x3 conv, -1, 3x3 conv)"'
MIXED = '"(-1, 3x3 conv, -1, identity)"'
SWAPPED = '"(-1, identity, -1, 3x3 conv)"'
TEXT = f"cell,reward,reward_2,test,epochs,seconds,params\n{CONV},0.5,0.7,0.6,5,1.5,10\n{MIXED},0.25,,,5,,\n"


def written(
    folder: Path, text: str, head: str = f"format: pnas-table-1\nspace: {SPACE}\nrows: rows.csv\n"
) -> Path:
    (folder / "rows.csv").write_text(text)
    (folder / "table.yaml").write_text(head)
    return folder / "table.yaml"


def test_rows_are_found_by_any_written_form(tmp_path: Path) -> None:
    table = load_table(written(tmp_path, TEXT))
    assert table.row(Cell.parse("(-1, 3x3 conv, -1, 3x3 conv)")) == Row(
        (0.5, 0.7), 0.6, 5.0, 1.5, 10
    )
    for cell in ("(-1, 3x3 conv, -1, identity)", "(-1, identity, -1, 3x3 conv)"):
        assert table.row(Cell.parse(cell)) == Row((0.25,), None, 5.0)
    assert table.epochs == 5


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    space = StateSpace(2, ["3x3 conv", "identity"], -1)
    rows = [(cell, Row((0.25, 0.5), None, 3.0, 0.5, 7, 9)) for cell in space.initial_children()]
    rows[1] = (rows[1][0], Row((0.125,), None, 3.0))
    write_table(tmp_path / "mine.yaml", space, rows, {"note": "how it was made"})
    table = load_table(tmp_path / "mine.yaml")
    assert [table.row(cell) for cell, _ in rows] == [row for _, row in rows]
    assert table.space.spec() == space.spec()
    before = (tmp_path / "mine.csv.gz").read_bytes()
    write_table(tmp_path / "mine.yaml", space, rows, {})
    assert (tmp_path / "mine.csv.gz").read_bytes() == before


@pytest.mark.parametrize("kind", ["csv.gz", "npz"])
def test_rows_in_other_files(kind: str, tmp_path: Path) -> None:
    path = written(tmp_path, "", f"format: pnas-table-1\nspace: {SPACE}\nrows: rows.{kind}\n")
    if kind == "npz":
        np.savez(tmp_path / "rows.npz", cell=np.array([CONV.strip('"')]), reward=np.array([0.5]))
    else:
        (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(f"cell,reward\n{CONV},0.5\n".encode()))
    assert load_table(path).row(Cell.parse(CONV.strip('"'))) == Row((0.5,))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("cell,score\n" + f"{CONV},0.5\n", "must have a column reward"),
        ("name,reward\n" + f"{CONV},0.5\n", "must have a column cell"),
        ("", "must have a column cell"),
        (f"cell,reward\n{CONV},nan\n", "reward of"),
        (f"cell,reward\n{CONV},\n", "reward of"),
        (f"cell,reward\n{CONV},1.5\n", r"Received: 1\.5"),
        (f"cell,reward\n{CONV},high\n", "Received: 'high'"),
        (f"cell,reward,reward_2\n{CONV},0.5,nan\n", "further reward"),
        (f"cell,reward,test\n{CONV},0.5,-1\n", "test of"),
        (
            f"cell,reward\n{MIXED},0.5\n{SWAPPED},0.25\n",
            r"has rewards=\(0\.5,\) and. Received: .rewards=\(0\.25,",
        ),
        ('cell,reward\n"(-1, 5x5 conv, -1, identity)",0.5\n', "own space"),
        ('cell,reward\n"(-3, identity, -1, identity)",0.5\n', "own space"),
        ("cell,reward\nnonsense,0.5\n", "own space"),
    ],
)
def test_bad_rows_are_refused(text: str, rule: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=rule) as refused:
        load_table(written(tmp_path, text))
    assert refused.value.key == "trainer.table"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("head", "rule"),
    [
        ("", "pnas-table-1"),
        ("[1, 2]", "pnas-table-1"),
        ("format: pnas-table-1\nrows: rows.csv\n", "space"),
        (f"format: pnas-table-1\nspace: {SPACE}\n", "rows"),
        (f"format: pnas-table-1\nspace: {SPACE}\nrows: gone.csv\n", "beside it"),
        (f"format: pnas-table-1\nspace: {SPACE}\nrows: rows.txt\n", "ending in"),
        ("format: [\n", "must be a table"),
    ],
)
def test_bad_descriptions_are_refused(head: str, rule: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=rule):
        load_table(written(tmp_path, TEXT, head))


def test_a_path_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="existing file"):
        load_table(tmp_path / "absent.yaml")
    (tmp_path / "table.txt").touch()
    with pytest.raises(InvalidValue, match="end in"):
        load_table(tmp_path / "table.txt")


def test_equal_rows_of_one_cell_are_one(tmp_path: Path) -> None:
    assert (
        len(load_table(written(tmp_path, f"cell,reward\n{MIXED},0.5\n{SWAPPED},0.5\n")).rows) == 1
    )


@pytest.mark.parametrize(
    ("space", "key"),
    [
        (StateSpace(3, ["3x3 conv"], -1), "state_space.B"),
        (StateSpace(2, ["3x3 conv", "5x5 conv"], -1), "state_space.operators"),
        (StateSpace(2, ["3x3 conv"], -2), "state_space.input_lookback_depth"),
        (NASBench201Space(2), "state_space.kind"),
    ],
)
def test_a_space_that_it_does_not_cover(space: StateSpace, key: str, tmp_path: Path) -> None:
    table = load_table(written(tmp_path, TEXT))
    with pytest.raises(InvalidValue) as refused:
        table.require_covers(space)
    assert refused.value.key == key
    table.require_covers(StateSpace(1, ["identity"], -1))


def test_a_missing_cell_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"lacks this one.*identity, -1, identity"):
        load_table(written(tmp_path, TEXT)).row(Cell.parse("(-1, identity, -1, identity)"))


def test_one_training_is_shown_and_the_others_judge(tmp_path: Path) -> None:
    text = f"cell,reward,reward_2,reward_3\n{CONV},0.2,0.4,0.9\n{MIXED},0.5,,\n"
    table = load_table(written(tmp_path, text))
    cell = Cell.parse(CONV.strip('"'))
    factory = TableRunnerFactory(table)
    shown = set()
    for seed in range(20):
        reward = factory()(ChildJob(cell, seed)).reward
        assert reward is not None
        assert factory.judge(cell, seed) == pytest.approx((1.5 - reward) / 2)
        shown.add(reward)
    assert shown == {0.2, 0.4, 0.9}
    mean = TableRunnerFactory(table, "mean")
    assert mean()(ChildJob(cell, 0)).reward == pytest.approx(0.5)
    assert mean.judge(cell, 0) is None
    assert factory.judge(Cell.parse(MIXED.strip('"')), 0) is None


NAMES = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]


def benchmark(folder: Path, **changes: np.ndarray) -> Path:
    arrays = {
        "op_names": np.array(NAMES),
        "ops": np.array([[3, 0, 1, 0, 0, 1], [3, 3, 3, 3, 3, 3]], np.uint8),
        "c10_valid_200_naswot": np.array([88.0, 90.0]),
        "c10_test_200": np.array([91.0, 93.0]),
        "c10_test_12": np.array([70.0, np.nan]),
        **changes,
    }
    np.savez(folder / "nb.npz", **arrays)  # type: ignore[arg-type]
    return folder / "nb.npz"


def test_nas_bench_201(tmp_path: Path) -> None:
    table = load_table(benchmark(tmp_path))
    assert table.row(Cell([("nor_conv_3x3",)])) == Row((0.88,), 0.91, 200.0)
    full = Cell([("nor_conv_3x3",), ("nor_conv_3x3",) * 2, ("nor_conv_3x3",) * 3])
    assert table.row(full).test == pytest.approx(0.93)
    assert load_table(tmp_path / "nb.npz", reward="c10_test_200").row(full).rewards == (
        pytest.approx(0.93),
    )


@pytest.mark.parametrize(
    ("changes", "reward", "rule"),
    [
        ({}, "c10_test_12", "c10_test_12 of nor_conv_3x3"),
        ({}, "c10_test_13", "must have a column c10_test_13"),
        ({"op_names": np.array(["a", "b", "c", "d", "e"])}, None, "operators"),
        ({"ops": np.array([[3, 3, 3, 3, 3, 3]] * 2)}, None, "disagree"),
        ({"ops": np.zeros((2, 5), int)}, None, "6 edges"),
        ({"ops": np.full((2, 6), 7)}, None, "must be a table"),
        ({"c10_test_200": np.zeros(3)}, None, "must be a table"),
    ],
)
def test_a_bad_benchmark(
    changes: dict[str, np.ndarray], reward: str | None, rule: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidValue, match=rule):
        load_table(benchmark(tmp_path, **changes), reward=reward)


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "nb.npz").write_bytes(b"not an archive")
    with pytest.raises(InvalidValue, match="must be a table"):
        load_table(tmp_path / "nb.npz")


def test_the_published_table_is_the_whole_space_trained_three_times() -> None:
    table = load_table(ROOT / "experiments" / "tables" / "digits.yaml")
    assert len(table.rows) == table.space.num_cells(1) + table.space.num_cells(2) == 2214
    assert {len(row.rewards) for row in table.rows.values()} == {3}
    rewards = np.array([row.rewards for row in table.rows.values()])
    assert np.corrcoef(rewards[:, 0], rewards[:, 1])[0, 1] == pytest.approx(0.81, abs=0.005)
    assert np.sqrt(rewards.var(axis=1, ddof=1).mean()) == pytest.approx(0.00907, abs=5e-6)
