"""Where ``search.rung_training=continued`` is refused, and which files of kept trainings stay."""

from pathlib import Path

import pytest
from support.command import run_here

from pnas.records import ChildRecord, Choice, Journal
from pnas.search.budget import STOPPED_BY
from pnas.searching.kept_trainings import KeptTrainings
from pnas.state_space import Cell

CONTINUED = ("search.rungs=[0.2,1]", "search.rung_training=continued", "tracking=none")


@pytest.mark.parametrize(
    ("overrides", "rule"),
    [
        (CONTINUED, "must be anew with trainer.schedule=cosine, whose learning rates depend on"),
        (
            ("search.rung_training=continued", "trainer.schedule=wsd"),
            "must be anew without search.rungs",
        ),
        (
            (*CONTINUED, "trainer=tabular", "trainer.table=experiments/tables/digits.yaml"),
            "must be anew with trainer.table",
        ),
        (
            ("search.rungs=[0.04,1]", *CONTINUED[1:], "trainer.schedule=wsd"),
            "must be anew where no rung has an epoch before its final decay",
        ),
        (
            ("search.rungs=[0.2,1]", "search.rung_training=on", "trainer.schedule=wsd"),
            "must be one of anew, continued",
        ),
    ],
)
def test_what_cannot_be_continued_is_refused_in_one_line(
    overrides: tuple[str, ...], rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("plan_only=true", "state_space.B=2", *overrides) == 2
    message = capsys.readouterr().err.strip()
    assert message.startswith(f"search.rung_training: {rule}")
    assert "\n" not in message


@pytest.mark.parametrize("schedule", ["wsd", "constant", "step", "exponential"])
def test_schedules_without_an_end_can_be_continued(
    schedule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("plan_only=true", *CONTINUED, f"trainer.schedule={schedule}") == 0
    assert "0.2 of the epochs" in capsys.readouterr().out


def opened(journal: Journal, b: int, keys: list[str]) -> list[ChildRecord]:
    cell = Cell.parse("(-1, identity, -1, identity)")
    choices = [Choice(cell, key, 0, None) for key in keys]
    journal.open_stage(b, choices, candidates_scored=0, unique_candidates=0, seconds_scoring=0.0)
    return journal.children(b)


def test_files_of_cells_that_are_not_promoted_are_removed(tmp_path: Path) -> None:
    directory = tmp_path / "rungs"
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        kept = KeptTrainings(directory, journal)
        kept.stage_opened(1, opened(journal, 1, ["a_2e", "b_2e", "c_2e"]))
        for name in ("a.npz", "b.npz", "c.npz", ".c.npz.99.partial"):
            (directory / name).touch()
        kept.stage_opened(2, opened(journal, 2, ["a", "c"]))
        assert sorted(path.name for path in directory.iterdir()) == ["a.npz", "c.npz"]

        kept.stage_opened(3, opened(journal, 3, ["d-2", "e-2"]))
        assert len(list(directory.iterdir())) == 2

        journal.set_meta(**{STOPPED_BY: "search.max_children=10"})
        kept.end()
        assert len(list(directory.iterdir())) == 2
        journal.set_meta(**{STOPPED_BY: None})
        kept.end()
        assert not directory.exists()
