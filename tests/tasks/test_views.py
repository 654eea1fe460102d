"""`task=report`, `task=list`, `task=show`: looking at runs that are there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import ROOT, run_here
from support.journals import make_run
from support.winners import stored_winner


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    make_run(tmp_path / "outputs" / "whole", (6, 4))
    make_run(tmp_path / "outputs" / "killed", (6, 4), status="running", unfinished=2, failed=(1,))
    return tmp_path


def test_a_report_of_one_run_lies_in_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here("task=report", "from=outputs/whole") == 0
    assert capsys.readouterr().out == "report: outputs/whole/report.html\n"
    assert "whole" in (home / "outputs/whole/report.html").read_text("utf-8")


def test_a_report_of_several_runs_lies_where_it_is_asked_for(home: Path) -> None:
    for j in range(11):
        make_run(home / "multirun" / "day" / str(j), seed=j)
    assert run_here("task=report", "task.files=[multirun/day]", "task.output=sweep.html") == 0
    text = (home / "sweep.html").read_text("utf-8")
    assert "11 searches" in text
    assert text.index('data-toggle="9"') < text.index('data-toggle="10"')
    assert run_here("name=both", "task=report", "task.files=[outputs/*]") == 0
    assert (home / "outputs/both/report.html").is_file()


def test_a_run_of_somebody_else_is_listed_as_unreadable(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "outputs" / "theirs").mkdir()
    stat = Path.stat

    def stat_but_one(path: Path, **options: bool) -> os.stat_result:
        if path.parent.name == "theirs":
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", stat_but_one)
    assert run_here("task=list") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "unreadable" in lines["outputs/theirs"]
    assert "Permission denied" in lines["outputs/theirs"]
    assert "finished" in lines["outputs/whole"]


def test_the_name_of_a_run_alone_is_answered_with_its_path(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("task=show", "from=whole") == 2
    error = capsys.readouterr().err
    assert error == (
        "from: must be a run directory, such as outputs/whole, or an MLflow run id. "
        "Received: 'whole'\n"
    )
    assert not (home / "mlflow.db").exists()


def test_the_list_says_how_runs_ended(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "outputs" / "broken").mkdir()
    (home / "outputs" / "broken" / "journal.sqlite").write_text("no journal " * 100)
    (home / "outputs" / "emptied").mkdir()
    (home / "outputs" / "emptied" / "journal.sqlite").touch()
    (home / "outputs" / "other").mkdir()
    assert run_here("task=list") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "finished" in lines["outputs/whole"]
    assert "interrupted" in lines["outputs/killed"]
    assert "8 of 10" in lines["outputs/killed"]
    assert "unreadable" in lines["outputs/broken"]
    assert "unreadable" in lines["outputs/emptied"]
    assert "outputs/other" not in lines
    assert sorted(path.name for path in (home / "outputs").iterdir()) == [
        "broken",
        "emptied",
        "killed",
        "other",
        "whole",
    ]


def test_one_run_is_not_called_runs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_here("task=list", "task.files=[outputs/whole]") == 0
    assert capsys.readouterr().out.startswith("1 run, newest first\n")


def test_the_list_shows_the_winner_of_a_confirmed_search(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    winner = stored_winner(mean=0.625)
    meta = {"winner": winner, "winner_test_accuracies": [0.5, 0.75]}
    make_run(home / "outputs" / "confirmed", meta=meta)
    assert run_here("task=list", "task.files=[outputs/confirmed]") == 0
    _, header, line, *_ = capsys.readouterr().out.splitlines()
    assert header.index("best") < header.index("winner") < header.index("test")
    assert line.split()[4:6] == ["0.6250", "0.6250"]
    assert line.endswith(f"  {winner['cell']}")


def test_a_list_of_nothing_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("task=list") == 0
    assert capsys.readouterr().out == "no runs in outputs yet\n"


def test_show_prints_a_run_and_what_to_do_next(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("task=show", "from=outputs/killed") == 0
    out = capsys.readouterr().out
    for text in (
        "interrupted",
        "Stages",
        "Best cells",
        "failed: (",
        "ran out of memory",
        "next: The search is not",
    ):
        assert text in out


MISTAKES = [
    (["task=report", "from=outputs/nothing"], "from: must be an existing run directory"),
    (["task=show", "from=outputs/nothing"], "from: must be an existing run directory"),
    (["task=report"], "from: must name a run directory"),
    (["task=report", "from=outputs"], "from: outputs is not a run directory"),
    (["task=report", "from=outputs/empty"], "must be a run with at least one child"),
    (["task=report", "task.files=[outputs/none*]"], "task.files: must name runs that exist"),
    (["task=report", "task.files=[conf]"], "task.files: must name runs that exist"),
    (["task=report", "task.files=[plain]"], "is not a run directory"),
    (
        ["task=report", "task.files=[outputs/whole,outputs/other]"],
        "must have the same state_space.operators",
    ),
    (
        ["task=report", "from=outputs/whole", "task.output=report.pdf"],
        "task.output: must end in .html",
    ),
    (
        ["task=report", "from=outputs/whole", "task.output=no/where.html"],
        "task.output: must lie in an existing",
    ),
    (["task=list", "task.files=[outputs/none*]"], "task.files: must name runs that exist"),
    (["task=list", "task.top=0"], "task.top: must be an integer of at least 1"),
]


@pytest.mark.parametrize(
    ("overrides", "said"),
    MISTAKES,
)
def test_mistakes_are_one_line(
    home: Path, overrides: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(home / "outputs" / "empty", (4,), status="running", unfinished=4)
    make_run(home / "outputs" / "other", state_space__operators=["identity"])
    (home / "plain").mkdir()
    assert run_here(*overrides) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


def test_runs_of_different_spaces_are_compared_if_one_insists(home: Path) -> None:
    make_run(home / "outputs" / "other", state_space__operators=["identity"])
    assert (
        run_here(
            "name=c", "task=report", "task.files=[outputs/whole,outputs/other]", "task.mixed=true"
        )
        == 0
    )


LOOKS = [["task=list"], ["task=show", "from=outputs/whole"], ["task=report", "from=outputs/whole"]]


def test_looking_needs_neither_tensorflow_nor_mlflow(home: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import run
for look in {LOOKS!r}:
    sys.argv[1:] = look
    assert run.main() == 0, look
    assert not {{"tensorflow", "mlflow", "keras"}} & set(sys.modules), look
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_console_of_another_encoding_shows_what_it_can(home: Path, encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, str(ROOT / "run.py"), "task=show", "from=outputs/whole"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"rho at the last stage" in done.stdout
    assert done.stderr == b""


def test_text_of_a_journal_moves_no_cursor(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meta = {"name": "a\x1b[31m\u202eb", "stopped_by": "search.max_children=\x1b]0;x\x07"}
    make_run(home / "outputs" / "odd", failed=(1, 2), error="\x1b[2J\x9b", meta=meta)
    assert run_here("task=show", "from=outputs/odd") == 0
    assert run_here("task=list") == 0
    out = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(out)
    assert "max_children=\ufffd]0;x" in out
