import sqlite3
from pathlib import Path
from typing import Any

import pytest
from support.journals import STARTED, make_run

from pnas.errors import RunDirectoryError
from pnas.records.run_directory import hold
from pnas.reports.data.headline import headline
from pnas.reports.data.run_reader import is_held, read_run
from pnas.reports.data.scored_cell import Phase
from pnas.reports.data.stage_durations import stage_durations, sum_durations
from pnas.reports.data.training_times import assign_workers

ONE_DAY = 86_400


def test_a_run_is_what_its_journal_says(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", (6, 4), failed=(2,)))
    assert run.name == "demo"
    assert run.status == "finished"
    assert run.trained == 9
    assert len(run.failed) == 1
    assert run.test_accuracy == 0.875
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


def test_children_that_overlap_have_workers_of_their_own(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", (6,)))
    workers = [placed.worker for placed in assign_workers(run.children)]
    assert len(workers) == 6
    assert set(workers) == {0, 1}


def test_later_stages_than_B_with_predictions_are_refinement(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", (6, 4, 3, 2), state_space__B=2))
    phases = [cell.phase for cell in run.cells]
    assert phases == [Phase.GROWTH] * 10 + [Phase.REFINEMENT] * 5


def test_stages_can_be_summed(tmp_path: Path) -> None:
    durations = stage_durations(read_run(make_run(tmp_path / "demo", (6, 4))))
    together = sum_durations(durations)
    assert together.name == "1-2"
    assert together.children == 10
    assert together.training == pytest.approx(sum(one.training for one in durations))
    assert sum_durations(durations[:1]).name == "1"


def test_the_pause_between_two_commands_is_no_time_of_the_search(tmp_path: Path) -> None:
    home = make_run(tmp_path / "demo", (6, 4))
    with sqlite3.connect(home / "journal.sqlite") as db:
        for table, names in (
            ("children", ("started_at", "ended_at")),
            ("stages", ("opened_at", "closed_at")),
        ):
            for name in names:
                db.execute(f"UPDATE {table} SET {name} = {name} + {ONE_DAY} WHERE b = 2")
    db.close()
    run = read_run(home)
    assert run.elapsed(STARTED) == 0
    assert max(run.elapsed(child.ended_at or 0) for child in run.ended) < 60
    durations = stage_durations(run)
    assert [duration.children for duration in durations] == [6, 4]
    assert all(0 <= duration.training < 20 for duration in durations)


def test_a_journal_of_version_1_is_read_too(tmp_path: Path) -> None:
    script = (Path(__file__).parents[2] / "records" / "fixtures" / "journal_v1.sql").read_text()
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.executescript(script)
    db.close()
    run = read_run(tmp_path)
    assert run.events == []
    assert run.ended


def test_the_rho_of_a_search_in_rounds_is_their_mean(tmp_path: Path) -> None:
    home = make_run(tmp_path / "demo", (6, 4, 4, 4), search__start="mixed", search__refine=4)
    run = read_run(home)
    assert run.growing_stages == 1
    rhos = [0.5, 0.2, -0.1, None]
    for stage, rho in zip(run.stages, rhos, strict=True):
        stage.predictor["spearman_next"] = rho  # type: ignore[index]
    assert run.last_rho == pytest.approx(0.2)
    assert headline(run)["ρ of the rounds (mean)"] == "0.20"


@pytest.mark.parametrize(
    ("changes", "predictor", "reads_K"),
    [
        ({}, "lstm", True),
        ({"search__kind": "refined", "search__start": "mixed"}, "lstm", False),
        ({"search__kind": "random"}, "", False),
        ({"search__kind": "progressive_random"}, "", True),
        ({"task": {"name": "preflight"}}, "", False),
    ],
)
def test_a_search_that_goes_on_has_the_predictor_that_it_will_ask(
    changes: dict[str, Any], predictor: str, reads_K: bool, tmp_path: Path
) -> None:
    """What is configured besides is read by no other strategy."""
    run = read_run(make_run(tmp_path / "demo", (6,), "running", unfinished=2, **changes))
    assert run.predictor == predictor
    assert run.reads_K is reads_K
