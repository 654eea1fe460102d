"""A training that goes on from a kept one ends as one that began anew, to the last bit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pnas.children import NetworkManager, PNASNetworkSpec, SearchTrainerSpec
from pnas.children.search_training import fast_loop
from pnas.data import Dataset
from pnas.records import ChildResult, Status
from pnas.records.child_records import SHORT_REWARD
from pnas.state_space import Cell

CELL = Cell.parse("(-2, 3x3 conv, -1, 3x3 maxpool)")
OTHER = Cell.parse("(-1, 3x3 maxpool, -1, identity)")
NETWORK = PNASNetworkSpec(filters=2)
EPOCHS = 10
SEED = 7

OPTIONS: dict[str, dict[str, Any]] = {
    "adam": {},
    "warm-up, augmented": {
        "optimizer": "momentum",
        "warmup_epochs": 1.5,
        "crop_padding": 1,
        "flip": True,
        "cutout": 2,
    },
    "microbatches": {"accumulate": 4, "clip_norm": 1.0},
    "constant": {"schedule": "constant", "validate_every": 5},
    "mean of rewards": {"reward": "mean", "reward_epochs": 3, "validate_every": 4},
    "best reward": {
        "reward": "best",
        "reward_metric": "balanced_accuracy",
        "mixed_precision": "bfloat16",
    },
}


@pytest.fixture(params=OPTIONS)
def manager(request: pytest.FixtureRequest, dataset: Dataset) -> NetworkManager:
    return make_manager(dataset, **OPTIONS[request.param])


def make_manager(dataset: Dataset, **options: Any) -> NetworkManager:
    settings = {"epochs": EPOCHS, "batchsize": 16, "schedule": "wsd", **options}
    return NetworkManager(dataset, network=NETWORK, trainer=SearchTrainerSpec(**settings))


@pytest.fixture(scope="module")
def default_manager(dataset: Dataset) -> NetworkManager:
    """One manager for tests of files: it traces a child once, and its trainings are as new ones."""
    return make_manager(dataset)


@pytest.fixture(scope="module")
def whole(default_manager: NetworkManager, tmp_path_factory: pytest.TempPathFactory) -> ChildResult:
    """A whole training that goes on from nothing."""
    return trained(default_manager, tmp_path_factory.mktemp("whole"), None, kept=False)


@pytest.fixture
def trained_epochs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list to which each training adds the number of epochs that it has trained."""
    counts: list[int] = []
    run_epoch = fast_loop.run_epoch
    train = fast_loop.train

    def counting_train(*arguments: Any, **options: Any) -> Any:
        counts.append(0)
        return train(*arguments, **options)

    def counting_run_epoch(*arguments: Any) -> Any:
        counts[-1] += 1
        return run_epoch(*arguments)

    monkeypatch.setattr(fast_loop, "train", counting_train)
    monkeypatch.setattr(fast_loop, "run_epoch", counting_run_epoch)
    return counts


def trained(
    manager: NetworkManager, folder: Path, epochs: int | None, kept: bool = True, cell: Cell = CELL
) -> ChildResult:
    """Return the result of a training; a whole one leaves its weights in ``folder``."""
    return manager.evaluate(
        cell,
        SEED,
        weights_path=folder / "weights.npz" if epochs is None else None,
        epochs=epochs,
        kept_path=folder / "kept.npz" if kept else None,
    )


def check_equal(first: ChildResult, second: ChildResult) -> None:
    assert first.status is second.status is Status.OK
    assert first.reward == second.reward
    assert list(first.metrics) == list(second.metrics)
    for name, values in first.metrics.items():
        np.testing.assert_array_equal(values, second.metrics[name])


def weights_in(folder: Path) -> dict[str, Any]:
    with np.load(folder / "weights.npz") as stored:
        return dict(stored)


def test_a_whole_training_that_goes_on_is_the_one_that_began_anew(
    manager: NetworkManager, tmp_path: Path, trained_epochs: list[int]
) -> None:
    at_once, rung_by_rung = tmp_path / "at once", tmp_path / "rung by rung"
    at_once.mkdir()
    rung_by_rung.mkdir()
    whole = trained(manager, at_once, None, kept=False)

    for epochs in (3, 6):
        short = trained(manager, rung_by_rung, epochs)
        assert short.reward is None
        assert len(short.metrics["loss"]) == epochs
        assert np.isfinite(short.metrics[SHORT_REWARD][0])
    continued = trained(manager, rung_by_rung, None)

    check_equal(continued, whole)
    weights, others = weights_in(rung_by_rung), weights_in(at_once)
    assert weights.keys() == others.keys()
    for name, values in weights.items():
        np.testing.assert_array_equal(values, others[name])
    # Rungs of 3 and 6 epochs decay in their last one, if the schedule decays at all.
    decays = bool(manager.trainer.final_decay_epochs)
    assert trained_epochs == ([10, 3, 4, 5] if decays else [10, 3, 3, 4])


def test_a_rung_that_goes_on_is_the_one_that_began_anew(
    dataset: Dataset, tmp_path: Path, trained_epochs: list[int]
) -> None:
    manager = make_manager(dataset, reward="mean", reward_epochs=3, validate_every=4)
    anew = trained(manager, tmp_path, 7)
    (tmp_path / "kept.npz").unlink()
    trained(manager, tmp_path, 4)
    check_equal(trained(manager, tmp_path, 7), anew)
    assert trained_epochs[2] < 7


def test_what_is_kept_is_before_the_decay(dataset: Dataset, tmp_path: Path) -> None:
    manager = make_manager(dataset, decay_share=0.5)
    trained(manager, tmp_path, 4)
    with np.load(tmp_path / "kept.npz") as kept:
        assert int(kept["epochs"]) == 2
        np.testing.assert_array_equal(kept["metric_learning_rate"], np.float32([0.01, 0.01]))
    assert [path.name for path in tmp_path.iterdir()] == ["kept.npz"]


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "changed", "other"])
def test_a_file_that_is_of_no_use_costs_time_only(
    default_manager: NetworkManager,
    whole: ChildResult,
    damage: str,
    tmp_path: Path,
    trained_epochs: list[int],
) -> None:
    path = tmp_path / "kept.npz"
    trained(default_manager, tmp_path, 6, cell=OTHER if damage == "other" else CELL)
    content = path.read_bytes()
    middle = len(content) // 2
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(content[:middle])
    elif damage == "changed":
        changed = bytes(255 - byte for byte in content[middle : middle + 100])
        path.write_bytes(content[:middle] + changed + content[middle + 100 :])

    check_equal(trained(default_manager, tmp_path, None), whole)
    assert trained_epochs[-1] == EPOCHS


def test_one_that_is_already_in_its_decay_is_of_no_use(
    default_manager: NetworkManager, tmp_path: Path, trained_epochs: list[int]
) -> None:
    trained(default_manager, tmp_path, 8)
    anew = trained(default_manager, tmp_path, 3, kept=True)
    (tmp_path / "kept.npz").unlink()
    check_equal(trained(default_manager, tmp_path, 3), anew)
    assert trained_epochs == [8, 3, 3]


def test_other_settings_are_another_training(
    default_manager: NetworkManager,
    dataset: Dataset,
    tmp_path: Path,
    trained_epochs: list[int],
) -> None:
    trained(default_manager, tmp_path, 6)
    trained(make_manager(dataset, learning_rate=0.02), tmp_path, None)
    assert trained_epochs == [6, EPOCHS]


def test_nothing_is_kept_where_there_is_no_directory(
    default_manager: NetworkManager, tmp_path: Path
) -> None:
    folder = tmp_path / "of another machine"
    result = trained(default_manager, folder, 6)
    assert result.status is Status.OK
    assert not folder.exists()
