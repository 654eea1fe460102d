"""How the terminal and the advice say that a budget ended a search."""

from pathlib import Path
from typing import Any

import pytest
from support.journals import make_run
from support.winners import stored_winner

from pnas.records import ChildResult, Choice, Journal, Status
from pnas.reports.data.advice import advise
from pnas.reports.data.budget_end import budget_end
from pnas.reports.data.run_reader import read_run

SURE = stored_winner(probability_best=0.95)
UNSURE = stored_winner(probability_best=0.6)


@pytest.mark.parametrize(
    ("limit", "winner", "said"),
    [
        ("search.max_children=10", None, "stopped by search.max_children=10"),
        ("search.max_children=10", SURE, "stopped by search.max_children=10"),
        ("search.max_seconds=60", SURE, "stopped by search.max_seconds=60"),
        (
            "search.max_children=12",
            SURE,
            "the winner is known: 10 trainings of search.max_children=12 were enough",
        ),
        ("search.max_children=12", UNSURE, "ended after 10 of search.max_children=12 trainings"),
        ("search.max_epochs=20", SURE, "stopped by search.max_epochs=20"),
        ("search.max_epochs=21", SURE, "stopped by search.max_epochs=21"),
        (
            "search.max_epochs=22",
            SURE,
            "the winner is known: 10 trainings of search.max_epochs=22 were enough",
        ),
        ("search.max_epochs=22", UNSURE, "ended after 20 of search.max_epochs=22 epochs"),
        ("search.max_children=12", None, "ended after 10 of search.max_children=12 trainings"),
    ],
)
def test_a_budget_is_used_up_or_has_trainings_left(
    tmp_path: Path, limit: str, winner: dict[str, Any] | None, said: str
) -> None:
    meta = {"winner": winner, "stopped_by": limit}
    run = read_run(make_run(tmp_path / "demo", (6, 4), meta=meta, search__confidence=0.9))
    ended_by = budget_end(run.stopped_by, run.children, run.winner, run.config)
    assert ended_by is not None
    assert ended_by.describe() == said
    assert said.lower() in advise(run)[0].reason.lower()


def test_short_trainings_count_as_their_share(tmp_path: Path) -> None:
    """Ten whole trainings and three of one of two epochs are 11.5."""
    run_dir = make_run(tmp_path / "demo", (6, 4), search__confidence=0.9)
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        cells = [child.cell for child in journal.children(2)][:3]
        short = [Choice(cell, f"short{i}_1e", i, None) for i, cell in enumerate(cells)]
        journal.open_stage(3, short, 0, 0, 0.0)
        for choice in short:
            metrics = {"loss": [1.0]}
            journal.end_child(
                choice.key, ChildResult(choice.cell, choice.seed, Status.OK, None, metrics)
            )
    run = read_run(run_dir)
    for limit, said in {12: "stopped by", 13: "the winner is known"}.items():
        end = budget_end(f"search.max_children={limit}", run.children, SURE, run.config)
        assert end is not None
        assert end.describe().startswith(said)


def test_no_budget_ended_it(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "demo", (6, 4)))
    assert budget_end(run.stopped_by, run.children, run.winner, run.config) is None


def test_a_known_winner_is_not_called_the_end_of_a_budget(tmp_path: Path) -> None:
    meta = {"winner": SURE, "stopped_by": "search.max_children=12"}
    run = read_run(make_run(tmp_path / "demo", (6, 4), meta=meta, search__confidence=0.9))
    assert advise(run)[0].reason.startswith("The winner is known: 10 trainings")
