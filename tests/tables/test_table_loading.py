"""Reading tables of results, and refusing malformed ones in one line."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from support.command import ROOT

from pnas.errors import InvalidValue
from pnas.records import ChildJob
from pnas.state_space import Cell, NASBench201Space, StateSpace
from pnas.system import bounded_files
from pnas.tables import Row, TableRunnerFactory, load_table, write_table

SPACE = (
    "{kind: pnas, B: 2, operators: [3x3 conv, identity], "
    "input_lookback_depth: -1, input_lookforward_depth: null}"
)
CONV = '"(-1, 3x3 conv, -1, 3x3 conv)"'
MIXED = '"(-1, 3x3 conv, -1, identity)"'
SWAPPED = '"(-1, identity, -1, 3x3 conv)"'
HEAD = f"format: pnas-table-1\nspace: {SPACE}\n"
TEXT = f"""\
cell,reward,reward_2,test,epochs,seconds,params
{CONV},0.5,0.7,0.6,5,1.5,10
{MIXED},0.25,,,5,,
"""


def write_files(folder: Path, rows: str, head: str = f"{HEAD}rows: rows.csv\n") -> Path:
    """Write a table by hand, and return the path of its YAML file."""
    (folder / "rows.csv").write_text(rows)
    (folder / "table.yaml").write_text(head)
    return folder / "table.yaml"


def test_rows_are_found_by_any_written_form(tmp_path: Path) -> None:
    table = load_table(write_files(tmp_path, TEXT))
    assert table.row(Cell.parse("(-1, 3x3 conv, -1, 3x3 conv)")) == Row(
        (0.5, 0.7), 0.6, 5.0, 1.5, 10
    )
    for cell in ("(-1, 3x3 conv, -1, identity)", "(-1, identity, -1, 3x3 conv)"):
        assert table.row(Cell.parse(cell)) == Row((0.25,), None, 5.0)
    assert table.epochs == 5


def test_a_table_is_parsed_once_and_again_if_any_of_its_files_changed(tmp_path: Path) -> None:
    path = write_files(tmp_path, TEXT.replace(",0.25,,", ",0.25,0.5,"))
    cell = Cell.parse("(-1, 3x3 conv, -1, identity)")
    table = load_table(path)
    assert load_table(path) is table
    assert load_table(path, reward="reward_2").row(Cell.parse(CONV.strip('"'))).rewards == (0.7,)
    write_files(tmp_path, TEXT.replace("0.25", "0.75"))
    assert load_table(path).row(cell).rewards == (0.75,)
    assert table.row(cell).rewards == (0.25, 0.5)

    write_files(tmp_path, TEXT, f"{HEAD}rows: other.csv\n")
    with pytest.raises(InvalidValue, match="rows beside it"):
        load_table(path)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    space = StateSpace(2, ["3x3 conv", "identity"], -1)
    cells = space.initial_children()
    full = Row((0.25, 0.5), test=None, epochs=3.0, seconds=0.5, params=7, flops=9)
    sparse = Row((0.125,), test=None, epochs=3.0)
    rows = [(cell, full) for cell in cells]
    rows[1] = (cells[1], sparse)

    write_table(tmp_path / "mine.yaml", space, rows, {"note": "how it was made"})
    table = load_table(tmp_path / "mine.yaml")
    for cell, row in rows:
        assert table.row(cell) == row
    assert table.space.spec() == space.spec()


def test_equal_tables_are_equal_files(tmp_path: Path) -> None:
    space = StateSpace(2, ["3x3 conv", "identity"], -1)
    rows = [(cell, Row((0.25, 0.5))) for cell in space.initial_children()]
    write_table(tmp_path / "mine.yaml", space, rows, {"note": "how it was made"})
    before = (tmp_path / "mine.csv.gz").read_bytes()
    write_table(tmp_path / "mine.yaml", space, rows, {})
    assert (tmp_path / "mine.csv.gz").read_bytes() == before


@pytest.mark.parametrize("kind", ["csv.gz", "npz"])
def test_rows_in_other_files(kind: str, tmp_path: Path) -> None:
    path = write_files(tmp_path, "", f"{HEAD}rows: rows.{kind}\n")
    if kind == "npz":
        cells = np.array([CONV.strip('"')])
        np.savez(tmp_path / "rows.npz", cell=cells, reward=np.array([0.5]))
    else:
        text = f"cell,reward\n{CONV},0.5\n"
        (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(text.encode()))

    row = load_table(path).row(Cell.parse(CONV.strip('"')))
    assert row == Row((0.5,))


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "npz"])
def test_rows_beyond_the_free_memory_are_refused_unread(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_files(tmp_path, TEXT, f"{HEAD}rows: rows.{kind}\n")
    np.savez_compressed(tmp_path / "rows.npz", cell=np.zeros(10_000), reward=np.zeros(10_000))
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(b"0" * 10_000))
    monkeypatch.setattr(bounded_files, "available_memory", lambda: 300)
    (tmp_path / "rows.csv").write_text("0" * 10_000)
    with pytest.raises(InvalidValue, match="must fit into the free memory"):
        load_table(path)


def test_a_small_cell_is_the_padded_one_where_the_table_says_so(tmp_path: Path) -> None:
    head = "format: pnas-table-1\nspace: {kind: nasbench201, B: 3}\nrows: rows.csv\n"
    full = "(nor_conv_3x3), (none, skip_connect), (none, none, skip_connect)"
    rows = f'cell,reward\n"{full}",0.5\n'
    small = Cell.parse("(nor_conv_3x3)")

    padded = load_table(write_files(tmp_path, rows, f"{head}short_cells: padded\n"))
    assert padded.row(small) == padded.row(Cell.parse(full)) == Row((0.5,))

    own_rows = load_table(write_files(tmp_path, rows, head))
    assert own_rows.row(Cell.parse(full)) == Row((0.5,))
    with pytest.raises(InvalidValue, match="lacks this one"):
        own_rows.row(small)


def test_rows_of_a_small_cell_and_its_padded_one_must_agree(tmp_path: Path) -> None:
    head = "format: pnas-table-1\nspace: {kind: nasbench201, B: 2}\nrows: rows.csv\n"
    rows = 'cell,reward\n"(none)",0.5\n"(none), (none, skip_connect)",0.25\n'
    with pytest.raises(InvalidValue, match="must not have rows of one cell that disagree"):
        load_table(write_files(tmp_path, rows, f"{head}short_cells: padded\n"))


BAD_ROWS = [
    (f"cell,reward\n{CONV},0.5,0.6\n", "at most 2 entries a row"),
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
]


@pytest.mark.parametrize(
    ("text", "rule"),
    BAD_ROWS,
)
def test_bad_rows_are_refused(text: str, rule: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=rule) as refused:
        load_table(write_files(tmp_path, text))
    assert refused.value.key == "trainer.table"
    assert "\n" not in str(refused.value)


BAD_DESCRIPTIONS = [
    ("", "pnas-table-1"),
    ("[1, 2]", "pnas-table-1"),
    ("format: pnas-table-1\nrows: rows.csv\n", "space"),
    (HEAD, "rows"),
    (f"{HEAD}rows: gone.csv\n", "beside it"),
    (f"{HEAD}rows: rows.txt\n", "ending in"),
    ("format: [\n", "must be a table"),
    (f"{HEAD}rows: ../rows.csv\n", "in its own folder"),
    (f"{HEAD}rows: /etc/hostname.csv\n", "in its own folder"),
    (f"{HEAD}rows: link.csv\n", "in its own folder"),
    (f"{HEAD}rows: rows.csv\nshort_cells: maybe\n", "short_cells in .* must be own rows or"),
    (f"{HEAD}rows: rows.csv\nabout: &a [x]\nagain: *a\n", "without aliases"),
    (HEAD.replace("B: 2", "B: 2147483648"), r"state_space\.B"),
    (HEAD.replace("depth: -1", "depth: -100000"), r"state_space\.input_lookback_depth"),
]


@pytest.mark.parametrize(
    ("head", "rule"),
    BAD_DESCRIPTIONS,
)
def test_bad_descriptions_are_refused(head: str, rule: str, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("/etc/hostname")
    if "state_space" in rule:
        head += "rows: rows.csv\n"
    with pytest.raises(InvalidValue, match=rule) as refused:
        load_table(write_files(tmp_path, TEXT, head))
    assert "\n" not in str(refused.value)


def test_a_path_that_is_not_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="existing file"):
        load_table(tmp_path / "absent.yaml")

    (tmp_path / "table.txt").touch()
    with pytest.raises(InvalidValue, match="end in"):
        load_table(tmp_path / "table.txt")


def test_equal_rows_of_one_cell_are_one(tmp_path: Path) -> None:
    text = f"cell,reward\n{MIXED},0.5\n{SWAPPED},0.5\n"
    table = load_table(write_files(tmp_path, text))
    assert len(table.rows) == 1


SPACES_NOT_COVERED = [
    (StateSpace(3, ["3x3 conv"], -1), "state_space.B"),
    (StateSpace(2, ["3x3 conv", "5x5 conv"], -1), "state_space.operators"),
    (StateSpace(2, ["3x3 conv"], -2), "state_space.input_lookback_depth"),
    (NASBench201Space(2), "state_space.kind"),
]


@pytest.mark.parametrize(
    ("space", "key"),
    SPACES_NOT_COVERED,
)
def test_a_space_that_the_table_does_not_cover_is_refused(
    space: StateSpace, key: str, tmp_path: Path
) -> None:
    table = load_table(write_files(tmp_path, TEXT))
    with pytest.raises(InvalidValue) as refused:
        table.require_covers(space)
    assert refused.value.key == key


def test_a_part_of_the_tables_space_is_covered(tmp_path: Path) -> None:
    table = load_table(write_files(tmp_path, TEXT))
    table.require_covers(StateSpace(1, ["identity"], -1))


def test_a_missing_cell_is_named(tmp_path: Path) -> None:
    table = load_table(write_files(tmp_path, TEXT))
    with pytest.raises(InvalidValue, match=r"lacks this one.*identity, -1, identity"):
        table.row(Cell.parse("(-1, identity, -1, identity)"))


def test_one_training_is_shown_and_the_others_judge(tmp_path: Path) -> None:
    text = f"cell,reward,reward_2,reward_3\n{CONV},0.2,0.4,0.9\n{MIXED},0.5,,\n"
    table = load_table(write_files(tmp_path, text))
    cell = Cell.parse(CONV.strip('"'))
    factory = TableRunnerFactory(table)
    run = factory()
    shown = set()
    for seed in range(20):
        reward = run(ChildJob(cell, seed)).reward
        assert reward is not None
        mean_of_others = (0.2 + 0.4 + 0.9 - reward) / 2
        assert factory.judge(cell, seed) == pytest.approx(mean_of_others)
        shown.add(reward)
    assert shown == {0.2, 0.4, 0.9}

    trained_once = Cell.parse(MIXED.strip('"'))
    assert factory.judge(trained_once, 0) is None


def test_further_trainings_are_others_until_all_were_shown(tmp_path: Path) -> None:
    text = f"cell,reward,reward_2,reward_3\n{CONV},0.2,0.4,0.9\n"
    table = load_table(write_files(tmp_path, text))
    cell = Cell.parse(CONV.strip('"'))
    factory = TableRunnerFactory(table)
    orders = set()
    for seed in range(40):
        rewards = [factory.answer(ChildJob(cell, seed)).reward]
        for repeat in (2, 3, 4):
            job = ChildJob(cell, seed=1000 + repeat, repeat=repeat, first_seed=seed)
            rewards.append(factory.answer(job).reward)
        assert set(rewards[:3]) == {0.2, 0.4, 0.9}
        assert rewards[3] == rewards[0]
        assert factory.judge(cell, seed, [1, 2]) == pytest.approx(rewards[2])
        assert factory.judge(cell, seed, [1, 3]) == pytest.approx(rewards[1])
        assert factory.judge(cell, seed, [1, 2, 3]) is None
        orders.add(tuple(rewards[:3]))
    assert len(orders) == 6


def test_the_mean_of_all_trainings_leaves_none_to_judge(tmp_path: Path) -> None:
    text = f"cell,reward,reward_2,reward_3\n{CONV},0.2,0.4,0.9\n"
    table = load_table(write_files(tmp_path, text))
    cell = Cell.parse(CONV.strip('"'))
    factory = TableRunnerFactory(table, "mean")
    run = factory()
    assert run(ChildJob(cell, 0)).reward == pytest.approx(0.5)
    assert factory.judge(cell, 0) is None


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
    row = table.row(Cell([("nor_conv_3x3",)]))
    assert (row.rewards, row.test, row.epochs) == ((0.88,), 0.91, 200.0)
    full = Cell([("nor_conv_3x3",), ("nor_conv_3x3",) * 2, ("nor_conv_3x3",) * 3])
    assert table.row(full).test == pytest.approx(0.93)

    by_test = load_table(tmp_path / "nb.npz", reward="c10_test_200")
    assert by_test.row(full).rewards == (pytest.approx(0.93),)


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
def test_a_malformed_benchmark_is_refused(
    changes: dict[str, np.ndarray], reward: str | None, rule: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidValue, match=rule):
        load_table(benchmark(tmp_path, **changes), reward=reward)


def test_a_file_that_is_not_an_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nb.npz").write_bytes(b"not an archive")
    with pytest.raises(InvalidValue, match="must be a table"):
        load_table(tmp_path / "nb.npz")


def test_the_published_table_is_the_whole_space_trained_three_times() -> None:
    table = load_table(ROOT / "experiments" / "tables" / "digits.yaml")
    assert table.space.num_cells(1) + table.space.num_cells(2) == 2214
    assert len(table.rows) == 2214

    rewards = np.array([row.rewards for row in table.rows.values()])
    assert rewards.shape == (2214, 3)
    correlation = np.corrcoef(rewards[:, 0], rewards[:, 1])[0, 1]
    assert correlation == pytest.approx(0.81, abs=0.005)
    noise = np.sqrt(rewards.var(axis=1, ddof=1).mean())
    assert noise == pytest.approx(0.00907, abs=5e-6)


def test_further_columns_are_objectives_where_the_table_says_so(tmp_path: Path) -> None:
    rows = f"cell,reward,latency_ms,note\n{CONV},0.5,2.5,slow\n{MIXED},0.25,1.5,\n"
    head = f"{HEAD}rows: rows.csv\n"
    without = load_table(write_files(tmp_path, rows, head))
    table = load_table(write_files(tmp_path, rows, f"{head}objectives: {{latency_ms: minimise}}\n"))
    assert table.objectives == {"latency_ms": "minimise"}
    cell = Cell.parse("(-1, 3x3 conv, -1, 3x3 conv)")
    answer = TableRunnerFactory(table).answer(ChildJob(cell, 0))
    assert answer.metrics == {"latency_ms": [2.5]}
    assert without.row(cell).further == {}
    assert without.fingerprint != table.fingerprint


@pytest.mark.parametrize(
    ("objectives", "said"),
    [
        ("[latency_ms]", "must be columns, each with maximise or minimise"),
        ("{latency_ms: down}", "must be columns, each with maximise or minimise"),
        ("{energy: minimise}", "must have a column energy"),
        ("{note: minimise}", "must hold numbers above 0 in columns of objectives"),
    ],
)
def test_objectives_that_are_no_columns_of_numbers_are_refused(
    tmp_path: Path, objectives: str, said: str
) -> None:
    rows = f"cell,reward,latency_ms,note\n{CONV},0.5,2.5,slow\n"
    path = write_files(tmp_path, rows, f"{HEAD}rows: rows.csv\nobjectives: {objectives}\n")
    with pytest.raises(InvalidValue, match=said):
        load_table(path)


def test_a_column_that_only_begins_like_a_reward_is_no_training(tmp_path: Path) -> None:
    text = TEXT.replace("reward_2,", "reward_2,reward_sd,").replace("0.7,0.6", "0.7,0.1,0.6")
    text = text.replace("0.25,,,5", "0.25,,,,5")
    table = load_table(write_files(tmp_path, text))
    assert table.row(Cell.parse(CONV.strip('"'))).rewards == (0.5, 0.7)
    assert table.row(Cell.parse(MIXED.strip('"'))).rewards == (0.25,)
