"""What a search returns to a sweeper."""

import math
from pathlib import Path
from typing import Any

import pytest
from support.command import run_here
from support.journals import make_run
from support.winners import stored_winner

from pnas.records import Journal
from pnas.searching.sweep_objective import objective


def value_of(run_dir: Path, kind: str, *judged: dict[str, Any]) -> float:
    """The objective of a search whose stages' predictors were ``judged``, from the first on."""
    make_run(run_dir, stages=[2] * (len(judged) + 1))
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        for b in range(1, len(judged) + 2):
            known = judged[b - 2] if b > 1 else {}
            journal.close_stage(b, {"loss": 0.1, **known})
        return objective(kind, journal)


def test_the_best_reward(tmp_path: Path) -> None:
    best = value_of(tmp_path, "reward", {})
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert best == max(child.reward for child in journal.children() if child.reward is not None)


def test_the_mean_reward_of_the_winner_where_there_is_one(tmp_path: Path) -> None:
    run_dir = make_run(tmp_path, meta={"winner": stored_winner(mean=0.625)})
    with Journal(run_dir / "journal.sqlite") as journal:
        assert objective("reward", journal) == 0.625


def test_the_mean_correlation_of_stages_that_have_one(tmp_path: Path) -> None:
    judged = ({"spearman_next": 0.5}, {"spearman_next": None}, {"spearman_next": -0.1})
    assert value_of(tmp_path, "rank_correlation", *judged) == pytest.approx(0.2)


def test_the_probe_goes_before_the_chosen(tmp_path: Path) -> None:
    judged = {
        "spearman_next": -0.5,
        "choice_next": {"chosen": {"spearman": -0.5}, "probe": {"spearman": 0.75}},
    }
    assert value_of(tmp_path, "rank_correlation", judged) == 0.75


def test_it_is_not_a_number_where_nothing_is_known(tmp_path: Path) -> None:
    assert math.isnan(value_of(tmp_path, "rank_correlation", {"spearman_next": None}))


@pytest.mark.parametrize(
    "overrides",
    [
        ("state_space.B=1",),
        ("search=random", "search.max_children=20"),
        ("search=progressive_random",),
    ],
)
def test_it_is_refused_where_nothing_is_predicted(
    overrides: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("name=bad", "task.objective=rank_correlation", *overrides) == 2
    error = capsys.readouterr().err
    assert error.startswith("task.objective: must be reward")
    assert error.count("\n") == 1
