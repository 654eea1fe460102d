"""`task=train` and `task=export`, from the command to the files that it leaves."""

import csv
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image
from support.command import ROOT, run_apart, run_here, start
from support.small import SMALL

from pnas.children.final_training import long_training
from pnas.records import Journal
from pnas.runs.cell_selection import INHERITED_GROUPS

CELL = "cell=(-1, 3x3 maxpool, -2, identity)"
TINY = (
    "task=train",
    CELL,
    "name=t",
    "trainer.epochs=2",
    "trainer.batchsize=16",
    "child.filters=2",
    "tracking=none",
)


def put_npz(path: Path, classes: int, size: int = 8) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(120) % classes
    images = (rng.integers(0, 100, (120, size, size)) + labels[:, None, None] * 30).astype(np.uint8)
    np.savez(path, x_train=images, y_train=labels)


def refused(capsys: pytest.CaptureFixture[str], *overrides: str) -> str:
    capsys.readouterr()
    assert run_here(*overrides) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1, message
    return message


MISTAKES = [
    (("task=train",), "cell: must say what to train"),
    (("task=train", "cell=pnasnet6"), "cell: must be one of pnasnet5, best, top5"),
    (("task=train", "cell=best"), "from: must name the search"),
    (("task=train", "cell=top5", "from=nowhere"), "nowhere"),
    (("task=train", "cell=(-1, 3x3 dream, -1, identity)"), "3x3 dream"),
    (("task=train", "cell=(-1, identity, 0, identity)"), "inputs below 0"),
    (("task=train", "cell=(-1, identity"), "cell: must look like"),
    (("task=train", "cell=(a, b, c)"), "block 0 must be"),
    (("task=train", "cell=(-1, 7x7 conv, -1, identity)", "state_space=small"), "7x7 conv"),
    (("task=train", "cell=pnasnet5", "child=imagenet_mobile"), "at least 19 pixels"),
    (
        ("task=train", "trainer=final_quick", "cell=pnasnet5", "trainer.aux_weight=0.4"),
        "trainer.aux_weight: must be 0 here",
    ),
    (("task=train", "cell=pnasnet5", "trainer.cutout=8"), "trainer.cutout"),
    (("task=train", "cell=pnasnet5", "trainer.max_params=1000"), "trainer.max_params=1000"),
    (("task=train", "cell=pnasnet5", "trainer.device=gpu"), "trainer.device"),
    (("task=train", "cell=pnasnet5", "task.train_on=all"), "task.train_on"),
    (
        (
            "task=train",
            "trainer=final_quick",
            "cell=pnasnet5",
            "task.train_on=train+val",
            "trainer.patience=3",
        ),
        "trainer.patience: must be 0",
    ),
    (("task=train", "cell=pnasnet5", "task.seeds=0"), "task.seeds"),
    (("child=huge",), "child"),
    (
        ("trainer.aux_weight=0.4",),
        "trainer.aux_weight: belongs to trainer=final_quick or final_cifar10",
    ),
    (("trainer=final_quick",), "trainer.kind: must be search"),
    (("trainer.max_params=10",), "trainer.max_params: must be at least"),
    (("task=export",), "from"),
    (("task=export", "from=nowhere/at_all"), "from"),
    (("task=export", "task.formats=[pickle]", "from=x"), "task.formats"),
    (("task=export", "task.register=a/b", "from=x"), "task.register"),
]


@pytest.mark.parametrize(
    ("overrides", "message"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES]
)
def test_mistakes_are_one_line(
    overrides: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, "name=mistake", *overrides)
    assert not (tmp_path / "outputs" / "mistake").exists()


def test_a_training_goes_on_only_as_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for classes in (3, 4):
        put_npz(tmp_path / f"{classes}.npz", classes)
    data = ("data=npz", "data.path=3.npz")
    assert run_here(*TINY, *data) == 0, capsys.readouterr().err
    run_dir = tmp_path / "outputs" / "t"
    training = json.loads((run_dir / "training.json").read_text())
    (member,) = training["members"]
    assert training["status"] == "finished"
    assert training["best"] == member["id"]
    assert 0 <= member["test_accuracy"] <= 1
    assert 0 <= member["val_accuracy"] <= 1
    assert member["epochs"] == 2
    with (run_dir / "members" / member["id"] / "history.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    assert not (run_dir / "members" / member["id"] / "checkpoint.npz").exists()

    before = (run_dir / "training.json").stat().st_mtime_ns
    assert "pnasnet5" not in refused(capsys, *TINY, *data, "cell=pnasnet5")
    assert "trains on 3 classes" in refused(capsys, *TINY, "data=npz", "data.path=4.npz")
    assert "trainer.epochs" in refused(capsys, *TINY, *data, "trainer.epochs=3")
    assert "task.seeds" in refused(capsys, *TINY, *data, "task.seeds=2")
    assert "holds" in refused(capsys, "name=t", "tracking=none")
    assert (run_dir / "training.json").stat().st_mtime_ns == before

    (run_dir / "export").mkdir()
    (run_dir / "export" / "mine").touch()
    export = ("task=export", f"from={run_dir}", "name=e", "task.formats=[keras]", "tracking=none")
    assert "task.output: must not exist yet" in refused(capsys, *export)
    put_npz(tmp_path / "3.npz", 4)
    assert "data: must have the 3 classes" in refused(capsys, *export, "task.output=other")
    assert [path.name for path in (run_dir / "export").iterdir()] == ["mine"]
    assert not (tmp_path / "other").exists()
    put_npz(tmp_path / "3.npz", 3)
    with closing(sqlite3.connect(run_dir / "journal.sqlite")) as db:
        db.execute("UPDATE children SET cell = '(-1, 3x3 conv, -2, identity)'")
        db.commit()
    assert "weights of this cell and network" in refused(capsys, *export, "task.output=other")
    assert not (tmp_path / "other").exists()


def printed(capsys: pytest.CaptureFixture[str], *overrides: str) -> str:
    capsys.readouterr()
    assert run_here(*overrides) == 0
    return capsys.readouterr().out


def test_a_plan_counts_what_is_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    put_npz(tmp_path / "3.npz", 3)
    plan = (*TINY, "data=npz", "data.path=3.npz", "plan_only=true")
    assert "72 examples, 4 steps an epoch, 3 classes" in printed(capsys, *plan)
    out = printed(capsys, *plan, "task.train_on=train+val")
    assert "96 examples, 6 steps an epoch, 3 classes" in out
    # What is to be known of the data is part of a plan.
    assert "note: 24 validation images" in out


@pytest.mark.parametrize("warmup", [1, 2, 3])
def test_a_warm_up_that_takes_all_epochs_is_named(
    warmup: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = (f"trainer.warmup_epochs={warmup}", "trainer.epochs=2", "plan_only=true")
    note = (
        f"note: trainer.warmup_epochs={warmup}.0 with trainer.epochs=2: the learning rate rises to "
        "the end and does not reach 0.01"
    )
    for command in (TINY, ("name=s", "search.max_children=30", "tracking=none")):
        assert (note in printed(capsys, *command, *settings)) == (warmup >= 2)


@pytest.mark.parametrize(
    ("batchsize", "accumulate", "key"),
    [
        (16, 1, "trainer.accumulate=2"),
        (16, 4, "trainer.accumulate=8"),
        (25, 1, "trainer.accumulate=5"),
        (12, 3, "trainer.accumulate=6"),
        (12, 12, "a smaller trainer.batchsize"),
    ],
)
def test_a_training_that_runs_out_of_memory_says_what_needs_less(
    batchsize: int,
    accumulate: int,
    key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run_out(*_: object) -> None:
        raise MemoryError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(long_training, "train_final", run_out)
    settings = (f"trainer.batchsize={batchsize}", f"trainer.accumulate={accumulate}")
    assert run_here(*TINY, *settings) == 1
    said = f"out of memory: the same command with {key} and another name needs less"
    assert said in capsys.readouterr().err


def put_folder(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (folder / label).mkdir(parents=True)
        for index in range(40):
            pixels = rng.integers(0, 255, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{index}.png")
    return folder


def test_images_are_streamed_as_the_training_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    put_folder(tmp_path / "photos")
    command = (*TINY, "data=image_folder", "data.path=photos")
    assert run_here(*command) == 0
    with Journal(Path("outputs/t/journal.sqlite"), create=True) as journal:
        journal.set_meta(status="running")
    # It says the same as null, which it was started with.
    assert run_here(*command, "data.stream=false") == 0
    with Journal(Path("outputs/t/journal.sqlite"), create=True) as journal:
        journal.set_meta(status="running")
    error = refused(capsys, *command, "data.stream=true")
    assert error.startswith("data.stream: must be false, as ")


def test_a_search_that_was_to_stream_images_is_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put_folder(tmp_path / "photos")
    data = ("data=image_folder", "data.path=photos", "data.stream=true", "trainer.batchsize=16")
    assert run_here("name=s", "executor=serial", *SMALL, *data, "tracking=none") == 0
    export = ("task=export", "from=outputs/s", "name=e", "task.formats=[keras]", "tracking=none")
    assert run_here(*export) == 0
    assert Path("outputs/s/export/model.keras").is_file()


def test_what_is_left_to_the_search_is_what_the_defaults_are() -> None:
    defaults = OmegaConf.to_container(OmegaConf.load(ROOT / "conf/config.yaml"))["defaults"]  # type: ignore[index,call-overload]
    chosen = {
        group: option
        for entry in defaults
        if isinstance(entry, dict)
        for group, option in entry.items()
    }
    assert {group: chosen[group] for group in INHERITED_GROUPS} == INHERITED_GROUPS


def history(run_dir: Path) -> list[dict[str, str]]:
    (path,) = run_dir.glob("members/*/history.csv")
    with path.open() as file:
        return [
            {name: value for name, value in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


@pytest.mark.slow
def test_killed_and_continued_gives_the_same_curve(tmp_path: Path) -> None:
    recipe = (
        "trainer=final_quick",
        "trainer.epochs=60",
        "trainer.checkpoint_every=1",
        "child.filters=4",
        "seed=3",
    )
    command = ["task=train", CELL, "tracking=none", *recipe]
    assert run_apart(*command, "name=whole", cwd=tmp_path)[0] == 0
    killed = tmp_path / "outputs" / "killed"
    for at_least in (3, 20):
        process = start([*command, "name=killed"], tmp_path)
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and process.poll() is None:
            found = list(killed.glob("members/*/history.csv"))
            if found and len(found[0].read_text().splitlines()) > at_least:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.02)
        process.communicate()
    assert run_apart(*command, "name=killed", cwd=tmp_path)[0] == 0
    assert history(killed) == history(tmp_path / "outputs" / "whole")
    first, second = (
        json.loads((tmp_path / "outputs" / name / "training.json").read_text())
        for name in ("whole", "killed")
    )
    assert first["members"][0]["test_accuracy"] == second["members"][0]["test_accuracy"]


@pytest.mark.slow
def test_the_winner_of_a_search_is_trained_exported_and_served(tmp_path: Path) -> None:
    search = (
        "name=s",
        "state_space.operators=[3x3 dconv,identity]",
        "state_space.B=1",
        "trainer.epochs=5",
    )
    assert run_apart(*search, cwd=tmp_path)[0] == 0
    code, out, err = run_apart(
        "experiment=final_quick",
        "from=outputs/s",
        "cell=top2",
        "task.seeds=2",
        "name=f",
        "trainer.epochs=6",
        cwd=tmp_path,
    )
    assert code == 0, err
    assert "+-" in out
    training = json.loads((tmp_path / "outputs/f/training.json").read_text())
    assert [cell["trainings"] for cell in training["cells"]] == [2, 2]
    assert training["config"]["child"]["filters"] == 8
    _check_tracking(tmp_path, training)
    code, out, err = run_apart(
        "task=export", "from=outputs/f", "name=e", "task.register=digits", cwd=tmp_path
    )
    assert code == 0, err
    assert "registered: version 1" in out
    export = tmp_path / "outputs/f/export"
    names = [
        "mlflow_model",
        "model.json",
        "model.keras",
        "model.onnx",
        "model_card.md",
        "saved_model",
    ]
    assert sorted(path.name for path in export.iterdir()) == names
    assert not (tmp_path / "outputs/e").exists()
    card = (export / "model_card.md").read_text()
    assert training["members"][0]["cell"] in card or training["members"][2]["cell"] in card
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(tmp_path / "black.png")
    shown = {_classified(tmp_path, export, name) for name in ("keras", "onnx")}
    assert len(shown) == 1


@pytest.mark.slow
def test_what_a_store_that_was_away_missed_is_delivered_later(tmp_path: Path) -> None:
    command = [word for word in TINY if not word.startswith("tracking")]
    code, _, err = run_apart(*command, "tracking.uri=http://127.0.0.1:9", cwd=tmp_path)
    assert code == 0, err
    assert err.count("The training goes on") == 1
    for _ in range(2):
        assert run_apart(*command, cwd=tmp_path)[0] == 0
    from mlflow import MlflowClient

    training = json.loads((tmp_path / "outputs/t/training.json").read_text())
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    run_id = training["tracking"]["run_id"]
    assert training["tracked"]
    assert [metric.step for metric in client.get_metric_history(run_id, "loss")] == [1, 2]
    assert len(client.get_metric_history(run_id, "final_test_accuracy")) == 1


def _check_tracking(folder: Path, training: dict[str, Any]) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    main = client.get_run(training["tracking"]["run_id"])
    assert main.info.status == "FINISHED"
    assert main.data.params["trainer.epochs"] == "6"
    query = f"tags.`mlflow.parentRunId` = '{main.info.run_id}'"
    runs = client.search_runs([main.info.experiment_id], query)
    assert len(runs) == 4
    for run in runs:
        assert len(client.get_metric_history(run.info.run_id, "val_accuracy")) == 6
        assert 0 <= run.data.metrics["final_test_accuracy"] <= 1


def _classified(folder: Path, export: Path, name: str) -> str:
    script = [
        sys.executable,
        str(ROOT / "experiments/classify_image.py"),
        str(export),
        str(folder / "black.png"),
    ]
    done = subprocess.run(
        [*script, "--format", name, "--top", "1"], text=True, capture_output=True, check=True
    )
    probability, label = done.stdout.split()
    return f"{float(probability):.2f} {label}"


@pytest.mark.slow
def test_two_devices_learn_as_one_does(tmp_path: Path) -> None:
    """Two logical CPUs, with statistics of batch normalization shared, against one device with the
    same batch.
    """
    script = tmp_path / "two.py"
    shutil.copy(Path(__file__).parents[1] / "support" / "two_devices.py", script)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = json.loads(done.stdout.splitlines()[-1])
    np.testing.assert_allclose([e["loss"] for e in two], [e["loss"] for e in one], rtol=5e-3)
    np.testing.assert_allclose(
        [e["val_loss"] for e in two], [e["val_loss"] for e in one], rtol=5e-2
    )
