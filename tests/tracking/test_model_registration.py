"""A model's run in MLflow ends, and there is one of it, whatever came in between."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from pnas.errors import TrackingError
from pnas.tracking import MlflowSpec, open_store
from pnas.tracking.model_registration import EXPORT_ID, FOLDER, register_model

TAGS = {EXPORT_ID: "e1"}


class Killed(BaseException):
    """Ends a command as SIGKILL does: nothing that catches errors meets it."""


@pytest.fixture
def spec(empty_store: Path, tmp_path: Path) -> MlflowSpec:
    return MlflowSpec(uri=f"sqlite:///{shutil.copy(empty_store, tmp_path)}")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    (folder / FOLDER).mkdir(parents=True)
    (folder / FOLDER / "MLmodel").write_text("flavors: {}\n")
    return folder


def statuses(spec: MlflowSpec) -> list[str]:
    store = open_store(spec)
    return [run.info.status for run in store.client.search_runs([store.experiment_id])]


@pytest.mark.parametrize("name", ["digits", "it's mine", 'the "best"'])
def test_a_model_is_registered_once(name: str, spec: MlflowSpec, export: Path) -> None:
    for _ in range(2):
        assert register_model(spec, name, export, TAGS) == "1"
    assert register_model(spec, name, export, {EXPORT_ID: "e2"}) == "2"
    assert statuses(spec) == ["FINISHED", "FINISHED"]


@pytest.mark.parametrize("step", ["log_artifacts", "create_model_version"])
def test_a_store_that_refuses_leaves_no_run_open(
    step: str, spec: MlflowSpec, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, step, refuse)
        with pytest.raises(TrackingError, match="no room"):
            register_model(spec, "digits", export, TAGS)
    assert statuses(spec) == ["FAILED"]
    assert register_model(spec, "digits", export, TAGS) == "1"
    assert statuses(spec) == ["FINISHED"]


@pytest.mark.parametrize("step", ["log_artifacts", "create_model_version", "set_terminated"])
def test_a_kill_is_made_good_by_the_same_command(
    step: str, spec: MlflowSpec, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, step, kill)
        with pytest.raises(Killed):
            register_model(spec, "digits", export, TAGS)
    assert statuses(spec) == ["RUNNING"]
    assert register_model(spec, "digits", export, TAGS) == "1"
    assert statuses(spec) == ["FINISHED"]
