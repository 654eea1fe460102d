"""`task=rank`: the original project's CSVs, our own, one or several."""

from pathlib import Path

import pytest
from support.command import run_here
from support.journals import make_run

HISTORY = "0.5,0,3x3 maxpool,0,1x7-7x1 conv\n0.7,0,1x7-7x1 conv,0,1x7-7x1 conv\n"
SCORES = "0.9,0,3x3 maxpool,0,3x3 maxpool,0,1x7-7x1 conv,0,3x3 maxpool\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "train_history.csv").write_text(HISTORY)
    (tmp_path / "scores_2.csv").write_text(SCORES)
    return tmp_path


def test_the_original_s_files_history_first(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here("name=old", "task=rank", "task.files=['*.csv']", "task.order=training") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "3 cells, in training order"
    assert [line.split()[-1] for line in lines[2:5]] == [
        "train_history.csv",
        "train_history.csv",
        "scores_2.csv",
    ]
    assert {path.name for path in (home / "outputs/old").iterdir()} == {
        "ranking.png",
        "ranking.html",
    }


def test_one_file_is_written_if_one_is_asked_for(home: Path) -> None:
    for name in ("r.svg", "r.html", "r.png"):
        assert (
            run_here(
                "task=rank", "task.files=['*.csv']", "task.overlay=true", f"task.output={name}"
            )
            == 0
        )
        assert (home / name).stat().st_size > 1000
    assert not (home / "outputs").exists() or not list((home / "outputs").iterdir())


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ("odd.csv", "line 1: must be a header with stage, cell, reward"),
        ("short.csv", "line 1: must be accuracy,input1,operator1"),
        ("empty.csv", "must not be empty"),
        ("folder", "run directories that hold children.csv"),
    ],
)
def test_a_file_of_another_shape_is_one_line(
    home: Path, files: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "odd.csv").write_text("a,b\n1,2\n")
    (home / "short.csv").write_text("0.5,0,3x3 maxpool,0\n")
    (home / "empty.csv").write_text("\n")
    (home / "folder").mkdir()
    assert run_here("task=rank", f"task.files=[{files}]") == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_run_that_has_finished_no_stage_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(home / "outputs" / "new", (4,), status="running", unfinished=4)
    assert run_here("task=rank", "from=outputs/new") == 2
    assert capsys.readouterr().err.startswith(
        "from: must be a run in which a child has been trained"
    )
