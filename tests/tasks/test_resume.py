"""What a second command of the same name may change, and what it meets when the journal or the disk
is not well.
"""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from support.command import ROOT, run_here
from support.small import BY_TABLE, SMALL, write_small_table

from pnas.records import Journal

TRAINED = (*SMALL, "executor=serial", "tracking=none", "seed=1", "name=demo")
"""A search whose children are trained, for what depends on the files of a training."""

COLUMNS = ("cell", "reward", "predicted", "seed", "status")


def command(**changes: str) -> list[str]:
    """The small search by table, with ``group__key`` for group.key in ``changes``."""
    settings = dict(word.split("=") for word in (*BY_TABLE, "seed=1", "name=demo"))
    for key, value in changes.items():
        settings[key.replace("__", ".")] = value
    return [f"{key}={value}" for key, value in settings.items()]


def rows_of(run_dir: Path) -> list[tuple[str, ...]]:
    with (run_dir / "children.csv").open() as file:
        return [tuple(row[name] for name in COLUMNS) for row in csv.DictReader(file)]


def summary_of(run_dir: Path) -> dict[str, Any]:
    return json.loads((run_dir / "summary.json").read_text())


def files_of(run_dir: Path) -> dict[str, bytes]:
    """The run directory's files by name, but for the lock, which every command rewrites."""
    files = {}
    for path in run_dir.iterdir():
        if path.is_file() and path.name != ".lock":
            files[path.name] = path.read_bytes()
    return files


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory in which the search by table has finished."""
    cwd = tmp_path_factory.mktemp("finished")
    write_small_table(cwd)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        assert run_here(*command()) == 0
    return cwd


@pytest.fixture
def run_dir(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished search, in the working directory."""
    shutil.copytree(finished, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy" / "outputs" / "demo"


@pytest.mark.parametrize(
    "change",
    [
        {"state_space__B": "3"},
        {"controller__K": "4"},
        {"state_space__B": "3", "controller__K": "5"},
    ],
)
def test_raised_limits_end_like_a_search_that_had_them_from_the_start(
    change: dict[str, str],
    run_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_here(*command(**change)) == 0
    assert "raised: " in capsys.readouterr().out

    (tmp_path / "whole").mkdir()
    monkeypatch.chdir(tmp_path / "whole")
    write_small_table(tmp_path / "whole")
    assert run_here(*command(**change)) == 0
    whole = tmp_path / "whole" / "outputs" / "demo"

    not_superseded = [row for row in rows_of(run_dir) if row[-1] != "superseded"]
    assert not_superseded == rows_of(whole)
    last = f"controller/stage_{change.get('state_space__B', '2')}/weights.npz"
    assert (run_dir / last).read_bytes() == (whole / last).read_bytes()
    assert (run_dir / "config.yaml").read_text() == (whole / "config.yaml").read_text()
    mine = summary_of(run_dir)
    assert mine["best"] == summary_of(whole)["best"]
    assert mine["status"] == "finished"

    with Journal(run_dir / "journal.sqlite") as journal:
        keys = {key.replace("__", ".") for key in change}
        raised = [event for event in journal.events() if event.kind == "raised"]
        assert [set(event.detail) for event in raised] == [keys]
        assert max(child.starts for child in journal.children()) == 1


def test_confirmation_asked_for_after_the_end_is_done_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_small_table(tmp_path, trainings=3)
    monkeypatch.chdir(tmp_path)
    assert run_here(*command(search="random", search__max_children="6")) == 0
    run_dir = tmp_path / "outputs" / "demo"
    before = rows_of(run_dir)
    assert summary_of(run_dir)["winner"] is None

    confirmed = command(search="random", search__max_children="12", search__confirm="0.5")
    assert run_here(*confirmed) == 0
    assert rows_of(run_dir)[: len(before)] == before
    assert summary_of(run_dir)["winner"]["trainings"] > 1
    files = files_of(run_dir)
    assert run_here(*confirmed) == 0
    assert files_of(run_dir) == files


def test_a_finished_search_that_goes_on_has_the_limits_of_the_later_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_small_table(tmp_path, trainings=3)
    monkeypatch.chdir(tmp_path)
    assert run_here(*command(search="random", search__max_children="6", search__confirm="0")) == 0
    run_dir = tmp_path / "outputs" / "demo"

    larger = command(search="random", search__max_children="12", search__confirm="0.5")
    assert run_here(*larger) == 0
    files = files_of(run_dir)
    for limits in ({"search__max_children": "8"}, {"search__confidence": "0.8"}):
        looks = {"search__max_children": "12", "search__confirm": "0.5", **limits}
        assert run_here(*command(search="random", **looks)) == 0
        assert files_of(run_dir) == files

    with Journal(run_dir / "journal.sqlite") as journal:
        search = journal.meta("config")["search"]
        assert journal.meta("overrides") == larger
    assert (search["max_children"], search["confirm"]) == (12, 0.5)
    written = OmegaConf.load(run_dir / "config.yaml").search
    assert (written.max_children, written.confirm) == (12, 0.5)


def test_a_finished_search_that_goes_on_is_checked_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_small_table(tmp_path)
    monkeypatch.chdir(tmp_path)
    of_search = {"search": "random", "search__confirm": "0"}
    assert run_here(*command(search__max_children="6", **of_search)) == 0
    run_dir = tmp_path / "outputs" / "demo"
    before = (summary_of(run_dir), rows_of(run_dir))
    capsys.readouterr()

    epochs = command(search__max_children="8", search__max_epochs="20", **of_search)
    assert run_here(*epochs) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("search.max_epochs: must be null: it is not known how many epochs")
    assert (summary_of(run_dir), rows_of(run_dir)) == before


def test_what_cannot_be_confirmed_leaves_no_trace(run_dir: Path) -> None:
    assert run_here(*command()) == 0  # it gives the copy an identity of its own
    files = files_of(run_dir)
    assert run_here(*command(search__confirm="0.3")) == 0
    assert files_of(run_dir) == files


def test_the_same_limits_leave_no_trace(run_dir: Path) -> None:
    assert run_here(*command()) == 0  # it gives the copy an identity of its own
    before = files_of(run_dir)
    assert run_here(*command()) == 0
    after = files_of(run_dir)
    assert {name: after[name] for name in before} == before


def test_a_damaged_journal_is_one_line_that_says_what_was_saved(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run_dir / "journal.sqlite"
    with Journal(path, create=True) as journal:
        # Facts beyond the tables that recovery needs, on pages that can be spoiled.
        for _ in range(40):
            journal.note("filler", text="x" * 1000)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 12 * 4096] + b"\xa5" * 12 * 4096)
    damaged = path.read_bytes()
    assert run_here(*command()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{path}: cannot be read as a journal" in error
    assert "5 ended children" in error
    assert path.read_bytes() == damaged
    shutil.move(run_dir / "journal.recovered.sqlite", path)
    for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
        (run_dir / name).unlink(missing_ok=True)
    before = rows_of(run_dir)
    assert run_here(*command()) == 0
    assert rows_of(run_dir) == before


@pytest.mark.parametrize("content", [b"", b"not a journal" * 500])
def test_a_foreign_journal_is_one_line(
    content: bytes, run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_dir / "journal.sqlite").write_bytes(content)
    assert run_here(*command()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "journal.sqlite" in error


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory in which the search with trained children has finished."""
    cwd = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        assert run_here(*TRAINED) == 0
    return cwd


LIMITED = """
import resource, sys
sys.argv = ["run.py", *{overrides!r}]
sys.path.insert(0, {root!r})
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
import run
sys.exit(run.main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1_000, 20_000, 60_000, 90_000])
def test_a_disk_without_room_stops_the_search_and_the_same_command_continues(
    limit: int, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = LIMITED.format(overrides=TRAINED, root=str(ROOT), limit=limit)
    full = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert full.returncode == 1, full.stderr
    assert full.stderr.count("\n") == 1, full.stderr
    assert "written" in full.stderr

    monkeypatch.chdir(tmp_path)
    assert run_here(*TRAINED) == 0
    assert rows_of(tmp_path / "outputs" / "demo") == rows_of(trained / "outputs" / "demo")


@pytest.mark.slow
def test_killed_at_random_instants_nothing_is_lost_or_trained_twice(tmp_path: Path) -> None:
    script = ROOT / "experiments" / "benchmarks" / "kill_and_resume.py"
    command_line = [
        sys.executable,
        str(script),
        "--kills",
        "4",
        "--executors",
        "local",
        "--seed",
        "7",
    ]
    done = subprocess.run(command_line, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
