"""`task=preflight`: what it refuses, what it plans, and what it leaves."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from support.command import run_apart, run_here
from support.journals import make_run
from support.small import SMALL

from pnas.config import read_settings
from pnas.data import load_dataset
from pnas.library.composition import compose_search
from pnas.preflight.baselines import logistic_regression
from pnas.records import Journal
from pnas.runs.command_context import Context
from pnas.tasks.preflight import _baselines_key, _last_rise, _published_cell

PREFLIGHT = ("name=pf", "task=preflight", "tracking=none", *SMALL)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("task.cells=1",), "task.cells: must be an integer from 2 to 1,000"),
        (("task.repeats=1",), "task.repeats: must be an integer from 2 to 1,000"),
        (("task.children=0",), "task.children: must be an integer from 2 to 100,000"),
        (("state_space.B=1", "task.cells=900"), "task.cells: must be at most"),
    ],
)
def test_mistakes_are_one_line(
    overrides: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here(*PREFLIGHT, *overrides) == 2
    error = capsys.readouterr().err
    assert error.startswith(message)
    assert error.count("\n") == 1


def test_a_table_has_nothing_to_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here("name=pf", "task=preflight", "trainer=tabular", "trainer.table=t.yaml") == 2
    assert capsys.readouterr().err.startswith("trainer.table: must be null for task=preflight")


def test_a_plan_trains_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here(*PREFLIGHT, "task.cells=4", "plan_only=true") == 0
    assert "4 random cells, 12 trainings" in capsys.readouterr().out
    assert not (tmp_path / "outputs/pf/journal.sqlite").exists()


@pytest.mark.slow
def test_it_answers_and_the_same_command_trains_nothing_again(tmp_path: Path) -> None:
    small = (*PREFLIGHT, "task.cells=2", "task.repeats=2", "executor=serial")
    code, out, err = run_apart(*small, cwd=tmp_path)
    assert code == 0, err
    assert "a search is " in out or "whether a search is worth it is not known yet" in out
    for baseline in ("logistic regression", "plain CNN", "PNASNet-5's cell"):
        assert baseline in out

    result = json.loads((tmp_path / "outputs/pf/preflight.json").read_text())
    assert result["reliability"]["trainings"] == 4
    assert len(result["baselines"]) == 3

    code, again, err = run_apart(*small, cwd=tmp_path)
    assert code == 0, err
    assert "training" not in again.split("2 random cells")[0]
    assert json.loads((tmp_path / "outputs/pf/preflight.json").read_text()) == result


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        ((), "preflight_baselines"),
        (("trainer.reward_metric=balanced_accuracy",), "preflight_baselines_balanced_accuracy"),
        (("trainer.class_weights=balanced",), "preflight_baselines_balanced_weights"),
    ],
)
def test_baselines_of_earlier_versions_count_where_they_were_right(
    overrides: tuple[str, ...], key: str
) -> None:
    """They were measured by plain accuracy and without weights, whatever rewards were."""
    trainer = read_settings(compose_search(overrides).config).trainer
    assert _baselines_key(trainer) == key


@pytest.mark.parametrize(
    ("metrics", "rise"),
    [
        ({"val_accuracy": [0.5, float("nan"), 0.9]}, 0.4),
        ({"val_accuracy": [0.5, 0.9], "val_balanced_accuracy": [0.6, 0.5]}, -0.1),
        ({"val_accuracy": [0.9]}, None),
    ],
)
def test_the_last_rise_is_that_of_what_rewards_are_made_of(
    metrics: dict[str, Any], rise: float | None, tmp_path: Path
) -> None:
    with Journal(make_run(tmp_path / "pf", (2,)) / "journal.sqlite") as journal:
        children = [replace(child, metrics=metrics) for child in journal.children()]
    assert _last_rise(children) == (None if rise is None else pytest.approx(rise))


def write_imbalanced(path: Path) -> None:
    """Write digits of which the classes 5 to 9 have a tenth of their examples."""
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8) / 16
    is_kept = (labels < 5) | (np.arange(len(labels)) % 10 == 0)
    np.savez(path, x_train=images[is_kept], y_train=labels[is_kept])


@pytest.mark.slow
def test_rewards_and_baselines_of_a_preflight_are_balanced_accuracies(tmp_path: Path) -> None:
    write_imbalanced(tmp_path / "data.npz")
    code, out, err = run_apart(
        *PREFLIGHT,
        *("task.cells=2", "task.repeats=2", "executor=serial", "data=npz", "data.path=data.npz"),
        "trainer.reward_metric=balanced_accuracy",
        cwd=tmp_path,
    )
    assert code == 0, err
    dataset = load_dataset("npz", path=tmp_path / "data.npz")
    expected = logistic_regression(dataset, "balanced_accuracy").validation
    assert expected < logistic_regression(dataset).validation
    assert f"logistic regression: balanced accuracy {expected:.4f}" in out

    result = json.loads((tmp_path / "outputs/pf/preflight.json").read_text())
    assert result["metric"] == "balanced_accuracy"
    assert result["baselines"][0]["validation"] == expected
    with Journal(tmp_path / "outputs/pf/journal.sqlite") as journal:
        for child in journal.children():
            assert child.reward == child.metrics["val_balanced_accuracy"][-1]


def test_a_cell_that_cannot_be_trained_is_no_baseline(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be shown with an accuracy of 0 and no parameters."""
    trained = compose_search(("trainer.max_params=1000", "trainer.epochs=1", "tracking=none"))
    settings = read_settings(trained.config)
    found = list(_published_cell(settings, Context(Path("pf")), load_dataset(settings.data)))
    assert found == []
    said = capsys.readouterr().out
    assert said.startswith("PNASNet-5's cell is left out: ")
    assert "parameters are more than trainer.max_params=1000 allows" in said
