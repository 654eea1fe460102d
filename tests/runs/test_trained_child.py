"""The trained child behind ``from=`` a training: its weights, what is known of it, its command."""

import shlex
import shutil
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from support.journals import make_run

from pnas.config import read_settings
from pnas.errors import MalformedFile, PnasError
from pnas.library.composition import compose_search
from pnas.records import Journal, best_child
from pnas.records.earlier_training import convert_earlier_training
from pnas.runs.trained_child import TrainedChild, best_of_search, find_trained_child

EARLIER = Path(__file__).parents[1] / "records" / "fixtures" / "earlier"


def child_of(run_dir: Path) -> TrainedChild:
    command = ("task=export", f"from={run_dir}", "name=e", "tracking=none")
    return find_trained_child(read_settings(compose_search(command).config))


@pytest.fixture(params=["without a journal", "converted"])
def run_dir(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    copy = tmp_path / "train"
    shutil.copytree(EARLIER / "train", copy)
    if request.param == "converted":
        convert_earlier_training(copy)
    return copy


def test_the_best_training_is_found(run_dir: Path) -> None:
    child = child_of(run_dir)
    assert child.weights == run_dir / "members" / "b942ce8e355b74f6-1" / "weights.npz"
    assert child.image_shape == (8, 8, 1)
    assert child.num_classes == 10
    assert child.metrics["epochs"] == 2


def test_its_command_can_be_pasted_into_a_shell(run_dir: Path) -> None:
    words = shlex.split(child_of(run_dir).command)
    assert words[:3] == ["python", "run.py", "task=train"]
    # As Hydra has to be given it: in quotes of its own.
    assert "cell='(-1, 3x3 maxpool, -2, identity)'" in words


@pytest.mark.parametrize("shape", [None, [8, 8], [8, 8, "one"]])
def test_a_journal_that_does_not_know_its_images_is_one_line(shape: object, tmp_path: Path) -> None:
    copy = tmp_path / "train"
    shutil.copytree(EARLIER / "train", copy)
    convert_earlier_training(copy)
    with Journal(copy / "journal.sqlite", create=True) as journal:
        journal.set_meta(data_facts={"num_classes": 10, "image_shape": shape})
    with pytest.raises(MalformedFile, match="image_shape of the data"):
        child_of(copy)


def test_nothing_is_exported_before_a_training_has_finished(tmp_path: Path) -> None:
    copy = tmp_path / "train"
    shutil.copytree(EARLIER / "train", copy)
    record = (copy / "training.json").read_text()
    (copy / "training.json").write_text(record.replace('"finished"', '"waiting"'))
    with pytest.raises(PnasError, match="no finished training yet"):
        child_of(copy)


def search_of(run_dir: Path, *overrides: str) -> Path:
    """A search that was started with these overrides."""
    settings = read_settings(compose_search(["name=demo", *overrides]).config)
    make_run(run_dir, meta={"overrides": list(overrides)})
    OmegaConf.save(OmegaConf.create(settings.as_dict()), run_dir / "config.yaml")
    return run_dir


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ((), "validation accuracy"),
        (("trainer.reward_metric=balanced_accuracy",), "validation balanced accuracy"),
        (("trainer.reward=best", "trainer.epochs=12"), "best validation accuracy of 12 epochs"),
        (("trainer.reward=mean",), "mean validation accuracy of the last 5 epochs"),
        (("trainer.reward=mean", "trainer.reward_epochs=1"), "validation accuracy"),
        (
            ("trainer.reward=mean", "trainer.epochs=3", "trainer.reward_metric=balanced_accuracy"),
            "mean validation balanced accuracy of the last 3 epochs",
        ),
    ],
)
def test_the_reward_of_a_search_is_called_what_it_is(
    overrides: tuple[str, ...], name: str, tmp_path: Path
) -> None:
    run_dir = search_of(tmp_path / "demo", *overrides)
    metrics = best_of_search(run_dir).metrics
    with Journal(run_dir / "journal.sqlite") as journal:
        best = best_child(journal.children())
    assert best is not None
    assert list(metrics) == [name, "test accuracy", "epochs"]
    assert metrics[name] == best.reward


def test_the_command_of_a_search_is_the_one_that_was_typed(tmp_path: Path) -> None:
    hidden = "tracking.uri=${oc.env:PNAS_HIDDEN_0}"
    run_dir = search_of(tmp_path / "demo")
    with Journal(run_dir / "journal.sqlite", create=True) as journal:
        journal.set_meta(overrides=["trainer.epochs=3", "state_space.B=2", hidden])
    command = best_of_search(run_dir).command
    assert command == "python run.py trainer.epochs=3 state_space.B=2 name=demo"


def test_a_training_has_its_reward_beside_its_accuracy(tmp_path: Path) -> None:
    copy = tmp_path / "train"
    shutil.copytree(EARLIER / "train", copy)
    convert_earlier_training(copy)
    assert list(child_of(copy).metrics) == ["validation accuracy", "test accuracy", "epochs"]

    config = OmegaConf.load(copy / "config.yaml")
    config["trainer"]["reward_metric"] = "balanced_accuracy"
    OmegaConf.save(config, copy / "config.yaml")
    metrics = child_of(copy).metrics
    assert list(metrics) == [
        "validation accuracy",
        "validation balanced accuracy",
        "test accuracy",
        "epochs",
    ]
