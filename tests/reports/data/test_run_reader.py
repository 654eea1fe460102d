import sqlite3
from pathlib import Path

import pytest
from support.journals import STARTED, make_run

from pnas.errors import RunDirectoryError
from pnas.records.run_directory import hold
from pnas.reports.data.run_reader import is_held, read_run, side_by_side
from pnas.reports.data.stage_durations import stage_times


def test_a_run_is_what_its_journal_says(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", (6, 4), failed=(2,)))
    assert (run.name, run.status, run.trained, len(run.failed), run.test_accuracy) == (
        "demo",
        "finished",
        9,
        1,
        0.875,
    )
    assert run.best is not None
    assert run.best.b == 2
    assert run.value("controller.K") == 4
    assert run.value("controller.nothing.here") is None
    assert run.last_rho == 0.25


def test_a_search_that_nobody_runs_was_interrupted(tmp_path: Path) -> None:
    home = make_run(tmp_path / "demo", status="running", unfinished=2)
    assert read_run(home).status == "interrupted"
    with hold(home):
        assert is_held(home)
        assert read_run(home).status == "running"
    assert not is_held(home)
    assert read_run(home, "finished").status == "finished"


def test_looking_at_a_run_changes_nothing_in_it(tmp_path: Path) -> None:
    home = make_run(tmp_path / "demo")
    before = {path.name for path in home.iterdir()} | {"journal.sqlite-shm", "journal.sqlite-wal"}
    read_run(home)
    assert {path.name for path in home.iterdir()} <= before


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="is not a run directory"):
        read_run(tmp_path)


def test_children_that_overlap_get_lanes_of_their_own(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", (6,)))
    lanes = [lane for lane, _ in side_by_side(run.children)]
    assert len(lanes) == 6
    assert set(lanes) == {0, 1}


def test_the_pause_between_two_commands_is_no_time_of_the_search(tmp_path: Path) -> None:
    home = make_run(tmp_path / "demo", (6, 4))
    with sqlite3.connect(home / "journal.sqlite") as db:
        db.execute(
            "UPDATE children SET ended_at = ended_at + 86400, started_at = started_at + 86400 WHERE b = 2"
        )
        db.execute(
            "UPDATE stages SET closed_at = closed_at + 86400, opened_at = opened_at + 86400 WHERE b = 2"
        )
    db.close()
    run = read_run(home)
    assert run.elapsed(STARTED) == 0
    assert max(run.elapsed(child.ended_at or 0) for child in run.ended) < 60
    assert [time.children for time in stage_times(run)] == [6, 4]
    assert all(0 <= time.training < 20 for time in stage_times(run))


def test_a_journal_of_version_1_is_read_too(tmp_path: Path) -> None:
    script = (Path(__file__).parents[2] / "records" / "fixtures" / "journal_v1.sql").read_text()
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.executescript(script)
    db.close()
    run = read_run(tmp_path)
    assert run.events == []
    assert run.ended
