"""What differs between runs, and what they are called in a comparison."""

from pathlib import Path
from typing import Any

import pytest
from support.journals import config, make_run

from pnas.reports.data.reward_curves import mean_curve
from pnas.reports.data.run_comparison import find_differences, group_by_seed, run_names
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.run_view import RunView
from pnas.reports.terminal.comparison_tables import seed_table

SWEEP = "2026-01-31_12-00-00"


def make_sweep(directory: Path, jobs: list[dict[str, Any]]) -> list[RunView]:
    runs = []
    for number, job in enumerate(jobs):
        choices = {"controller": job.pop("controller", "gp")}
        meta = {
            "sweep": SWEEP,
            "name": f"{SWEEP}-{number}",
            "choices": choices,
            "config": config(**job),
        }
        runs.append(read_run(make_run(directory / str(number), meta=meta)))
    return runs


def test_searches_of_a_sweep_are_called_by_what_differs(tmp_path: Path) -> None:
    jobs = [
        {"controller": "gp", "controller__predictor": "gp", "seed": 0},
        {"controller": "gp", "controller__predictor": "gp", "seed": 1},
        {"controller": "lstm", "controller__predictor": "lstm", "seed": 0},
    ]
    runs = make_sweep(tmp_path, jobs)
    assert run_names(runs) == ["gp, seed 0", "gp, seed 1", "lstm, seed 0"]


def test_named_searches_keep_their_names(tmp_path: Path) -> None:
    runs = [
        read_run(make_run(tmp_path / name, controller__K=K)) for name, K in (("a", 4), ("b", 8))
    ]
    assert run_names(runs) == ["a", "b"]


def test_a_search_beside_itself_is_called_by_its_path(tmp_path: Path) -> None:
    runs = []
    for folder in ("x", "y"):
        runs.append(read_run(make_run(tmp_path / folder, meta={"name": "same"})))
    assert run_names(runs) == [str(tmp_path / "x"), str(tmp_path / "y")]


@pytest.mark.parametrize(
    ("jobs", "keys"),
    [
        ([{"controller__K": 4}, {"controller__K": 8}], ["controller.K"]),
        # An option brings the values of its group with it.
        (
            [
                {"controller": "gp", "controller__predictor": "gp"},
                {"controller": "lstm", "controller__predictor": "lstm"},
            ],
            ["controller"],
        ),
        # A value of the group that differs within an option does not follow from it.
        (
            [
                {"controller": "gp", "controller__K": 4},
                {"controller": "gp", "controller__K": 8},
                {"controller": "lstm", "controller__K": 4},
            ],
            ["controller", "controller.K"],
        ),
        # Keys of one name that have equal values in all runs come from one another.
        ([{"data__seed": 1, "seed": 1}, {"data__seed": 2, "seed": 2}], ["seed"]),
        ([{"data__seed": 1, "seed": 1}, {"data__seed": 1, "seed": 2}], ["seed"]),
        ([{"data__seed": 1, "seed": 1}, {"data__seed": 2, "seed": 1}], ["data.seed"]),
        # Equal values of other names are a coincidence.
        (
            [
                {"child__filters": 4, "trainer__epochs": 4},
                {"child__filters": 8, "trainer__epochs": 8},
            ],
            ["child.filters", "trainer.epochs"],
        ),
        ([{}, {}], []),
    ],
)
def test_keys_that_follow_others_are_left_out(
    tmp_path: Path, jobs: list[dict[str, Any]], keys: list[str]
) -> None:
    runs = make_sweep(tmp_path, jobs)
    assert [difference.key for difference in find_differences(runs)] == keys


def test_searches_that_differ_in_their_seed_only_are_one_group(tmp_path: Path) -> None:
    jobs = []
    for K in (4, 8):
        for seed in (0, 1):
            jobs.append({"controller__K": K, "seed": seed})
    runs = make_sweep(tmp_path, jobs)
    groups = group_by_seed(runs, run_names(runs))
    assert [(group.name, group.indices) for group in groups] == [("K=4", (0, 1)), ("K=8", (2, 3))]
    table = seed_table(runs, groups)
    assert table is not None
    assert " ± " in table.plain()


def test_without_different_seeds_there_are_no_groups(tmp_path: Path) -> None:
    runs = make_sweep(tmp_path, [{"controller__K": 4}, {"controller__K": 8}])
    groups = group_by_seed(runs, run_names(runs))
    assert [group.indices for group in groups] == [(0,), (1,)]
    assert seed_table(runs, groups) is None


def test_a_mean_is_where_all_curves_are() -> None:
    first = [(1.0, 0.2), (3.0, 0.6)]
    second = [(2.0, 0.4), (4.0, 0.8)]
    assert mean_curve([first, second]) == [(2.0, pytest.approx(0.3)), (3.0, pytest.approx(0.5))]
    assert mean_curve([]) == []


def test_a_key_that_another_version_added_is_no_difference(tmp_path: Path) -> None:
    older = read_run(make_run(tmp_path / "older", controller__K=4))
    newer = read_run(make_run(tmp_path / "newer", controller__K=8, search__confirm=0.0))
    assert [each.key for each in find_differences([older, newer])] == ["controller.K"]
    other = read_run(make_run(tmp_path / "other", controller__K=8, search__confirm=0.2))
    keys = [each.key for each in find_differences([older, newer, other])]
    assert keys == ["controller.K", "search.confirm"]
