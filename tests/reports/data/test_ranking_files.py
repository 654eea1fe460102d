import csv
from pathlib import Path

import pytest

from pnas.errors import InvalidValue
from pnas.records import Status
from pnas.reports import ScoredCell, find_files, read_files, read_scores
from pnas.state_space import Cell

CELL = "(-1, 3x3 dconv, -2, identity), (0, 3x3 maxpool, -1, identity)"
HEADER = [
    "stage",
    "cell",
    "reward",
    "predicted",
    "status",
    "params",
    "flops",
    "seconds",
    "seed",
    "key",
    "error",
]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def write_rows(path: Path, *rows: list[object]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


# -- children.csv ---


def test_children_csv_is_read_back_as_written(tmp_path: Path) -> None:
    rows = [
        [1, "(-1, 3x3 dconv, -2, identity)", 0.93125, "", "ok", 12345, 67890, 4.5, 7, "ab12", ""],
        [2, CELL, "", 0.9, "failed", "", "", 1.5, 8, "cd34", "out of memory, 3 GB"],
        [2, "(-1, identity, -2, identity)", "", 0.8, "chosen", "", "", "", 9, "ef56", ""],
    ]  # fmt: skip
    trained, failed, chosen = read_scores(write_rows(tmp_path / "children.csv", HEADER, *rows))

    assert trained.cell == Cell([(-1, "3x3 dconv", -2, "identity")])
    source = str(tmp_path / "children.csv")
    assert trained == ScoredCell(
        cell=Cell([(-1, "3x3 dconv", -2, "identity")]),
        reward=0.93125,
        predicted=None,
        stage=1,
        status=Status.OK,
        params=12345,
        flops=67890,
        seconds=4.5,
        error=None,
        source=source,
        key="ab12",
    )
    assert failed == ScoredCell(
        cell=Cell.parse(CELL),
        reward=None,
        predicted=0.9,
        stage=2,
        status=Status.FAILED,
        seconds=1.5,
        error="out of memory, 3 GB",
        source=source,
        key="cd34",
    )
    assert chosen.status is Status.CHOSEN
    assert chosen.seconds is None


def test_columns_may_be_added_moved_or_left_out(tmp_path: Path) -> None:
    header = ["reward", "stage", "mood", "cell"]
    path = write_rows(tmp_path / "a.csv", header, [0.5, 2, "good", CELL])
    assert read_scores(path) == [
        ScoredCell(Cell.parse(CELL), reward=0.5, predicted=None, stage=2, source=str(path))
    ]


def test_a_prediction_may_leave_the_unit_interval(tmp_path: Path) -> None:
    header = ["stage", "cell", "reward", "predicted"]
    path = write_rows(tmp_path / "a.csv", header, [2, CELL, 0.5, 1.25])
    (row,) = read_scores(path)
    assert row.predicted == 1.25


def test_nasbench201_cells_are_read(tmp_path: Path) -> None:
    header = ["stage", "cell", "reward"]
    path = write_rows(tmp_path / "a.csv", header, [2, "(none), (none, skip_connect)", 0.1])
    (row,) = read_scores(path)
    assert row.cell == Cell([("none",), ("none", "skip_connect")])


# -- score files ---


def test_score_files_hold_predictions(tmp_path: Path) -> None:
    header = ["rank", "score", "blocks", "cell"]
    path = write_rows(tmp_path / "scores.csv", header, [1, 0.75, 2, CELL])
    assert read_scores(path) == [
        ScoredCell(Cell.parse(CELL), reward=None, predicted=0.75, stage=2, source=str(path))
    ]


# -- the original project's files ---


def test_history_of_a_flat_space(tmp_path: Path) -> None:
    """Where every input is 0, it is the cell's own, our -1."""
    one_block = "0.145,0,3x3 maxpool,0,3x3 maxpool\n"
    two_blocks = "0.533,0,1x7-7x1 conv,0,3x3 maxpool,0,3x3 maxpool,0,3x3 maxpool\n"
    path = write(tmp_path / "train_history.csv", one_block + two_blocks)
    first, second = read_scores(path)
    assert first == ScoredCell(
        cell=Cell([(-1, "3x3 maxpool", -1, "3x3 maxpool")]),
        reward=0.145,
        predicted=None,
        stage=1,
        status=Status.OK,
        source=str(path),
    )
    assert second.stage == 2
    assert [block[0] for block in second.cell.blocks] == [-1, -1]


def test_history_of_a_space_with_skips(tmp_path: Path) -> None:
    """0, 1, ... are blocks there; a block's reading of itself or of a later one is undone."""
    text = "0.5,-1,identity,-2,identity\n0.6,-1,identity,0,identity,0,identity,1,identity\n"
    first, second = read_scores(write(tmp_path / "train_history.csv", text))
    assert first.cell == Cell([(-1, "identity", -2, "identity")])
    assert second.cell == Cell([(-1, "identity", -1, "identity"), (0, "identity", -1, "identity")])


def test_the_original_scores_differ_from_its_history_by_name_only(tmp_path: Path) -> None:
    text = "0.61,0,identity,0,identity,0,identity,0,identity\n"
    (row,) = read_scores(write(tmp_path / "scores_2.csv", text))
    assert row.reward is None
    assert row.predicted == 0.61
    assert row.stage == 2
    assert row.status is None


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_spreadsheets_leave_marks_and_blank_lines(tmp_path: Path, ending: str, mark: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(ending.join([f"{mark}0.5,0, 3x3  dconv ,0,identity", "", ",,,,", ""]).encode())
    (row,) = read_scores(path)
    assert row.cell == Cell([(-1, "3x3 dconv", -1, "identity")])


# -- bad files ---

CHILD = "stage,cell,reward\n"
BAD = [
    ("", "must not be empty"),
    ("\n \n", "must not be empty"),
    (CHILD, "at least one row"),
    ("a,b,c\n1,2,3\n", "line 1: must be a header with"),
    ("acc 0.5,0,identity,0,identity\n", "line 1: must be a header with"),
    (f'{CHILD}1,"{CELL}",high\n', "line 2: reward must be a number. Received: 'high'"),
    (f'{CHILD}1,"{CELL}",1.01\n', "line 2: reward must be between 0 and 1. Received: '1.01'"),
    (f'{CHILD}1,"{CELL}",nan\n', "line 2: reward must be a number. Received: 'nan'"),
    (f'{CHILD}0,"{CELL}",0.5\n', "line 2: stage must be an integer of at least 1. Received: '0'"),
    (f'{CHILD}1,"{CELL}",0.5\n1,"(-1, identity",0.5\n', "line 3: cell must look like"),
    (f"{CHILD}1,identity,0.5,9\n", "line 2: must have 3 columns"),
    (f'{CHILD}1,"(-1, identity, -1, identity\n', "line 2: must be CSV"),
    (
        f'stage,cell,reward,status\n1,"{CELL}",0.5,done\n',
        "status must be one of chosen, ok, failed",
    ),
    (f'stage,cell,reward,params\n1,"{CELL}",0.5,many\n', "params must be an integer of at least 0"),
    (f'score,cell\ninf,"{CELL}"\n', "line 2: score must be a number. Received: 'inf'"),
    ("0.5\n", "line 1: must be accuracy,input1,operator1,input2,operator2"),
    ("0.5,0,identity,0\n", "four fields a block"),
    (
        "0.5,0,identity,0,identity\n\n62,0,identity,0,identity\n",
        "line 3: accuracy must be between 0 and 1",
    ),
    ("0.5,0,identity,0,identity\nacc,0,identity,0,identity\n", "line 2: accuracy must be a number"),
    ("0.5,0,identity,h,identity\n", "input must be an integer. Received: 'h'"),
    ("0.5,0,identity,0,\n", "operator must be a name such as 3x3 dconv. Received: ''"),
    ("0.5,0,identity,0,0\n", "operator must be a name"),
    ('0.5,0,identity,0,"a(b"\n', "operator must be a name"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_files_are_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "bad.csv", text)
    with pytest.raises(InvalidValue) as error:
        read_scores(path)
    assert message in str(error.value)
    assert str(error.value).startswith("task.files: ")
    assert "bad.csv" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\x00\x00", b"0.5,0,identit\xff,0,x\n", b"0.5,\x00\n"]
)
def test_binary_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidValue, match=r"must be text \(UTF-8\)"):
        read_scores(path)


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_is_not_a_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidValue, match="must be readable"):
        read_scores(tmp_path / name)


# -- which files ---


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for index, name in enumerate(("a", "b[1]")):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "children.csv", f'{CHILD}1,"{CELL}",0.{index}\n')
    return tmp_path


def test_names_patterns_and_run_directories(runs: Path) -> None:
    a = runs / "a" / "children.csv"
    b = runs / "b[1]" / "children.csv"
    pattern = str(runs / "*" / "children.csv")
    deep_pattern = str(runs / "**" / "*.csv")
    directories = str(runs / "*")
    assert find_files(pattern) == [a, b]
    assert find_files(deep_pattern) == [a, b]
    assert find_files(runs / "b[1]") == [b]
    assert find_files([str(b), directories]) == [b, a]

    rewards = [row.reward for row in read_files([b, a])]
    assert rewards == [0.1, 0.0]


@pytest.mark.parametrize("name", ["*.txt", "c", "c/children.csv"])
def test_a_name_that_nothing_matches_is_refused(runs: Path, name: str) -> None:
    with pytest.raises(
        InvalidValue, match=r"task\.files: must name files or run directories that exist"
    ):
        find_files(str(runs / name))


def test_no_name_at_all_is_refused() -> None:
    with pytest.raises(InvalidValue, match="at least one file"):
        find_files([])


def test_a_directory_that_is_no_run_is_refused(runs: Path) -> None:
    with pytest.raises(InvalidValue, match="run directories that hold"):
        read_files(runs)


# -- trainings that are not whole ---


def test_short_trainings_have_no_place(tmp_path: Path) -> None:
    """Predicted and without a reward, they would pass for cells that nobody has trained yet."""
    header = [*HEADER, "cached", "epochs", "short_reward"]
    short = [1, CELL, "", 0.8, "ok", 10, 20, 1.5, 7, "ab12_3e", "", "", 3, 0.7]
    whole = [2, CELL, 0.75, 0.8, "ok", 10, 20, 4.5, 7, "ab12", "", "", "", ""]
    (kept,) = read_scores(write_rows(tmp_path / "children.csv", header, short, whole))
    assert kept.key == "ab12"
    assert kept.stopped_after is None

    only_short = write_rows(tmp_path / "short.csv", header, short)
    with pytest.raises(InvalidValue, match="at least one whole training, not short ones only"):
        read_scores(only_short)


def test_a_training_that_was_stopped_says_when(tmp_path: Path) -> None:
    header = [*HEADER, "cached", "epochs"]
    stopped = [2, CELL, "", 0.8, "stopped", 10, 20, 1.5, 7, "ab12", "", "", 9]
    (read,) = read_scores(write_rows(tmp_path / "children.csv", header, stopped))
    assert read.stopped_after == 9
    assert not read.is_ranked
