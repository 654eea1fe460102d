"""NetworkManager: the record of a child, its seed, its failures, and what is refused early."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from support.learning_curves import stop_after

from pnas.children import ChildRunnerFactory, NetworkManager, PNASNetworkSpec, SearchTrainerSpec
from pnas.children.child_trainer import reward_of
from pnas.children.search_training import fast_loop
from pnas.children.tensorflow_runtime import configure_runtime
from pnas.data import Dataset, DigitsSpec, dataset_from_arrays
from pnas.errors import InvalidValue
from pnas.records import ChildJob, Status
from pnas.seeds import derive_seed
from pnas.state_space import Cell, StateSpace

CELL = Cell.parse("(-2, 3x3 conv, -1, identity)")
MIRRORED = Cell.parse("(-1, identity, -2, 3x3 conv)")
NETWORK = PNASNetworkSpec(filters=2)
TRAINER = SearchTrainerSpec(epochs=3, batchsize=16, learning_rate=0.02, validate_every=1)


@pytest.fixture(scope="module")
def manager(dataset: Dataset) -> NetworkManager:
    return NetworkManager(dataset, network=NETWORK, trainer=TRAINER, seed=3, space=StateSpace(B=1))


def test_evaluate_returns_the_full_record(manager: NetworkManager, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "weights.npz"
    result = manager.evaluate(CELL, weights_path=path)

    assert result.status is Status.OK
    assert result.error is None
    assert result.seed == derive_seed(3, "child", StateSpace(B=1).key(CELL))
    assert result.reward == result.metrics["val_accuracy"][-1]
    assert (result.params, result.flops) == manager.count(CELL)
    assert result.seconds > 0

    assert 0 <= manager.test_accuracy(CELL, path) <= 1
    assert [file.name for file in path.parent.iterdir()] == ["weights.npz"]


def test_stored_weights_give_the_accuracy_they_had(manager: NetworkManager, tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    result = manager.evaluate(CELL, weights_path=path)

    # The validation part as the test part.
    data = manager.dataset
    swapped = Dataset(
        "swapped",
        data.x_train,
        data.y_train,
        x_val=data.x_test,
        y_val=data.y_test,
        x_test=data.x_val,
        y_test=data.y_val,
        num_classes=3,
    )
    other = NetworkManager(swapped, network=NETWORK, trainer=TRAINER)
    assert other.test_accuracy(CELL, path) == pytest.approx(result.reward)


def test_a_job_that_tests_trains_nothing(manager: NetworkManager, tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    manager.evaluate(CELL, weights_path=path)
    before = path.read_bytes()

    result = manager.test(ChildJob(CELL, seed=0, weights_path=str(path), tests=True))
    assert result.status is Status.OK
    assert result.reward is None
    assert result.metrics == {"test_accuracy": [manager.test_accuracy(CELL, path)]}
    assert path.read_bytes() == before

    missing = manager.test(ChildJob(CELL, seed=0, weights_path=str(tmp_path / "x"), tests=True))
    assert missing.status is Status.FAILED
    assert "it cannot be tested" in str(missing.error)


def test_same_seed_same_result_and_another_seed_another(manager: NetworkManager) -> None:
    first = manager.evaluate(CELL, seed=5)
    again = manager.evaluate(CELL, seed=5)
    other = manager.evaluate(CELL, seed=6)
    assert first.metrics == again.metrics
    assert first.metrics != other.metrics


def test_a_short_training_has_a_schedule_of_its_own_and_no_reward(manager: NetworkManager) -> None:
    whole = manager.evaluate(CELL, seed=3)
    short = manager.evaluate(CELL, seed=3, epochs=1)
    assert short.status is Status.OK
    assert short.reward is None
    assert short.metrics["short_reward"] == [short.metrics["val_accuracy"][-1]]
    assert len(short.metrics["loss"]) == 1
    assert len(whole.metrics["loss"]) > 1
    assert short.metrics["learning_rate"][-1] < whole.metrics["learning_rate"][0]


def test_a_child_that_is_stopped_has_the_beginning_of_its_whole_training(
    manager: NetworkManager, tmp_path: Path
) -> None:
    whole = manager.evaluate(CELL, seed=3)
    path = tmp_path / "w.npz"
    stopped = manager.evaluate(CELL, seed=3, weights_path=path, stop_rule=stop_after(2))
    assert stopped.status is Status.STOPPED
    assert stopped.reward is None
    assert not path.exists()
    assert stopped.metrics == {name: values[:2] for name, values in whole.metrics.items()}
    assert (stopped.params, stopped.flops) == (whole.params, whole.flops)


def test_a_rule_that_is_kept_changes_nothing(manager: NetworkManager, tmp_path: Path) -> None:
    whole = manager.evaluate(CELL, seed=3)
    path = tmp_path / "w.npz"
    kept = manager.evaluate(CELL, seed=3, weights_path=path, stop_rule=stop_after(2, never=True))
    assert (kept.status, kept.reward, kept.metrics) == (Status.OK, whole.reward, whole.metrics)
    assert path.exists()


def test_large_images_are_trained_on() -> None:
    """The gradient of a strided 1x1 convolution, as TensorFlow has it, kills the process here."""
    pixels = np.random.default_rng(0).integers(0, 255, (24, 64, 64, 3), dtype=np.uint8)
    labels = np.arange(24) % 3
    images = dataset_from_arrays(pixels, labels, train_size=16, val_size=8, test_size=0)
    trainer = SearchTrainerSpec(epochs=2, batchsize=8)
    large = NetworkManager(images, network=PNASNetworkSpec(filters=8, repeats=1), trainer=trainer)
    result = large.evaluate(Cell([(-2, "identity", -1, "identity")]))
    assert result.status is Status.OK


def test_equivalent_cells_have_the_same_seed(manager: NetworkManager) -> None:
    assert manager.child_seed(CELL) == manager.child_seed(MIRRORED)


def test_an_unknown_operator_is_a_failed_record(manager: NetworkManager) -> None:
    result = manager.evaluate(Cell.parse("(-1, 3x3 dream, -1, identity)"))
    assert result.status is Status.FAILED
    assert result.reward is None
    assert "dream" in str(result.error)


def test_a_child_that_never_fits_into_memory_is_a_failed_record(
    manager: NetworkManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out_of_memory(*_: object) -> NoReturn:
        raise MemoryError("12 GiB\nat length")

    monkeypatch.setattr(fast_loop, "train", run_out_of_memory)
    failed = manager.evaluate(CELL)
    assert failed.error == "out of memory, also with 4 examples at a time: MemoryError: 12 GiB"
    assert "in run_out_of_memory" in str(failed.log)

    with pytest.warns(UserWarning, match="12 GiB"):
        reward = manager.get_reward(CELL)
    assert reward == 0.0


class RoomFor8:
    """Training on a machine whose memory has room for 8 examples at a time.

    Attributes:
        asked: Number of microbatches of each attempt.
    """

    def __init__(self) -> None:
        self.asked: list[int] = []
        self._train = fast_loop.train

    def train(self, child: Any, trainer: SearchTrainerSpec, seed: int, *others: Any) -> Any:
        import tensorflow as tf

        self.asked.append(child.microbatches)
        if trainer.batchsize // child.microbatches > 8:
            message = "OOM when allocating tensor\nand so on"
            raise tf.errors.ResourceExhaustedError(None, None, message)
        return self._train(child, trainer, seed, *others)


def test_out_of_memory_it_is_trained_in_smaller_microbatches_of_the_same_batch(
    manager: NetworkManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = RoomFor8()
    monkeypatch.setattr(fast_loop, "train", machine.train)

    result = manager.evaluate(CELL, seed=1)
    assert result.status is Status.OK
    assert machine.asked == [1, 2]
    assert result.metrics["accumulate"] == [2.0]

    asked_for_2 = manager.evaluate(CELL, seed=1, accumulate=2)
    assert asked_for_2.metrics == result.metrics

    too_many = manager.evaluate(CELL, accumulate=8)
    assert "worker of the attempt before was killed" in str(too_many.error)


def test_memory_of_a_gpu_is_limited_or_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    calls: list[tuple[str, Any]] = []

    def set_growth(gpu: str, grow: bool) -> None:
        calls.append((gpu, grow))

    def set_limit(gpu: str, limits: list[Any]) -> None:
        calls.append((gpu, limits[0].memory_limit))

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["gpu0"])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", set_growth)
    monkeypatch.setattr(tf.config, "set_logical_device_configuration", set_limit)
    configure_runtime(TRAINER)
    configure_runtime(TRAINER, gpu_memory_mb=2048)
    assert calls == [("gpu0", True), ("gpu0", 2048)]


def test_an_interrupt_is_not_a_failed_child(
    manager: NetworkManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(fast_loop, "train", interrupt)
    with pytest.raises(KeyboardInterrupt):
        manager.evaluate(CELL)


@pytest.mark.parametrize(("reward", "expected"), [("last", 0.3), ("best", 0.9), ("mean", 0.4)])
def test_rewards(reward: str, expected: float) -> None:
    trainer = SearchTrainerSpec(epochs=4, reward=reward, reward_epochs=2)
    metrics = {"val_accuracy": [0.2, 0.9, 0.5, 0.3]}
    assert reward_of(metrics, trainer) == pytest.approx(expected)


def test_keyword_epochs_and_batchsize_override_the_trainer(dataset: Dataset) -> None:
    manager = NetworkManager(dataset, epochs=2, batchsize=8, trainer=TRAINER)
    assert (manager.trainer.epochs, manager.trainer.batchsize) == (2, 8)


def test_bad_settings_are_refused_before_any_child(dataset: Dataset) -> None:
    with pytest.raises(InvalidValue, match=r"trainer\.batchsize: must not exceed the 64"):
        NetworkManager(dataset, batchsize=65)
    with pytest.raises(InvalidValue, match=r"trainer\.device: .*no GPU"):
        configure_runtime(SearchTrainerSpec(device="gpu"))
    with pytest.raises(InvalidValue, match=r"trainer\.epochs"):
        NetworkManager(dataset, epochs=0)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_unreadable_weights_are_refused(
    manager: NetworkManager, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    with pytest.raises(InvalidValue, match="weights_path"):
        manager.test_accuracy(CELL, path)


def test_weights_of_another_cell_are_refused(manager: NetworkManager, tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", trainable_00000=np.zeros(3))
    with pytest.raises(InvalidValue, match="this cell"):
        manager.test_accuracy(CELL, tmp_path / "other.npz")


def test_a_missing_file_of_weights_is_refused(manager: NetworkManager, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="weights_path"):
        manager.test_accuracy(CELL, tmp_path / "absent.npz")


_CHILD_IN_ANOTHER_PROCESS = """
import pickle, sys
from pnas.records import ChildJob
from pnas.state_space import Cell
run = pickle.loads(bytes.fromhex(sys.argv[1]))()
print(run(ChildJob(Cell.parse(sys.argv[2]), seed=11)).metrics["val_loss"][-1].hex())
"""


def loss_in_another_process(factory: ChildRunnerFactory) -> str:
    pickled = pickle.dumps(factory).hex()
    command = [sys.executable, "-c", _CHILD_IN_ANOTHER_PROCESS, pickled, str(CELL)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.slow
def test_the_same_bits_in_other_processes_whatever_runs_side_by_side() -> None:
    trainer = SearchTrainerSpec(epochs=3)
    losses = set()
    for inter_op_threads in (1, 1, 2):
        factory = ChildRunnerFactory(DigitsSpec(), PNASNetworkSpec(), trainer, inter_op_threads)
        losses.add(loss_in_another_process(factory))
    assert len(losses) == 1


def test_the_runner_trains_jobs(tmp_path: Path) -> None:
    trainer = SearchTrainerSpec(epochs=1, batchsize=128)
    factory = ChildRunnerFactory(DigitsSpec(), NETWORK, trainer)
    copy = pickle.loads(pickle.dumps(factory))
    job = ChildJob(CELL, seed=1, weights_path=str(tmp_path / "w.npz"))

    run = copy()
    result = run(job)
    assert (result.cell, result.seed, result.status) == (CELL, 1, Status.OK)
    assert (tmp_path / "w.npz").is_file()
