"""A real training that is killed between epochs: the same curves, and one MLflow run a training."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.command import run_here

from pnas.training import member_training
from pnas.training.training_ending import TrainingEnding

COMMAND = (
    "task=train",
    "cell=(-1, 3x3 maxpool, -2, identity)",
    "trainer=final_quick",
    "trainer.threads=1",  # as the other tests of this process have it
    "trainer.epochs=4",
    "trainer.checkpoint_every=1",
    "child.filters=2",
    "task.seeds=2",
)


class Killed(BaseException):
    """Stands for the end of a process."""


def kill_after(epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kill the command when that epoch of the second training is in the journal."""
    write = member_training.write_history

    def write_or_die(path: Path, epochs: Any) -> None:
        if path.parent.name.endswith("-1") and len(epochs) == epoch:
            raise Killed
        write(path, epochs)

    monkeypatch.setattr(member_training, "write_history", write_or_die)
    monkeypatch.setattr(TrainingEnding, "__exit__", lambda *_: None)


def curves(run_dir: Path) -> dict[str, list[dict[str, str]]]:
    found = {}
    for path in run_dir.glob("members/*/history.csv"):
        with path.open() as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            del row["seconds"]
        found[path.parent.name] = rows
    return found


def accuracies(run_dir: Path) -> list[tuple[float, float]]:
    record = json.loads((run_dir / "training.json").read_text())
    return [(member["val_accuracy"], member["test_accuracy"]) for member in record["members"]]


@pytest.mark.slow
def test_killed_between_epochs_gives_the_same_curves_and_one_mlflow_run_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_store: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_here(*COMMAND, "name=whole", "tracking=none") == 0
    store = shutil.copy(empty_store, tmp_path / "mlflow.db")
    tracked = (*COMMAND, "name=killed", f"tracking.uri=sqlite:///{store}")
    with monkeypatch.context() as context:
        kill_after(2, context)
        with pytest.raises(Killed):
            run_here(*tracked)
    assert run_here(*tracked) == 0

    outputs = tmp_path / "outputs"
    assert curves(outputs / "killed") == curves(outputs / "whole")
    assert accuracies(outputs / "killed") == accuracies(outputs / "whole")
    weights = [sorted((outputs / name).rglob("weights.npz")) for name in ("killed", "whole")]
    for killed, whole in zip(*weights, strict=True):
        assert killed.read_bytes() == whole.read_bytes()
    _check_store(str(store))


def _check_store(database: str) -> None:
    from pnas.tracking import MlflowSpec, open_store

    store = open_store(MlflowSpec(uri=f"sqlite:///{database}"))
    runs = store.client.search_runs([store.experiment_id])
    by_member = {run.data.tags["pnas.member"]: run for run in runs}
    assert len(runs) == len(by_member) == 3
    assert {run.info.status for run in runs} == {"FINISHED"}
    del by_member["main"]
    for run in by_member.values():
        history = store.client.get_metric_history(run.info.run_id, "loss")
        assert [metric.step for metric in history] == [1, 2, 3, 4]
        assert 0 <= run.data.metrics["final_test_accuracy"] <= 1
