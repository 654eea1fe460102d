"""Children that are trained again: the same bits as new ones, and no more of them than allowed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pnas.children import NetworkManager, PNASNetworkSpec, SearchTrainerSpec
from pnas.children.child_trainer import ChildTrainer
from pnas.children.kept_children import ChildKey, KeptChildren
from pnas.children.search_training import fast_loop
from pnas.children.search_training.traced_child import TracedChild
from pnas.data import Dataset
from pnas.records import ChildResult, Status
from pnas.state_space import Cell

CELL = Cell.parse("(-2, 3x3 dconv, -1, 3x3 conv)")
MIRRORED = Cell.parse("(-1, 3x3 conv, -2, 3x3 dconv)")
OTHER = Cell.parse("(-1, identity, -1, 3x3 maxpool)")
NETWORK = PNASNetworkSpec(filters=2, repeats=1)


def make_manager(dataset: Dataset, **options: Any) -> NetworkManager:
    settings = {"epochs": 3, "batchsize": 16, "validate_every": 1, **options}
    return NetworkManager(dataset, network=NETWORK, trainer=SearchTrainerSpec(**settings))


@pytest.fixture(scope="module")
def fresh_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of the weights of ``alone``."""
    return tmp_path_factory.mktemp("alone") / "fresh.npz"


@pytest.fixture(scope="module")
def alone(dataset: Dataset, fresh_weights: Path) -> ChildResult:
    """The training with seed 2, by a manager that has trained nothing before."""
    return make_manager(dataset).evaluate(CELL, 2, weights_path=fresh_weights)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds of the children that are made, and not taken from those that are kept."""
    seeds: list[int] = []
    make = ChildTrainer._make_child

    def note(self: ChildTrainer, key: ChildKey, seed: int) -> TracedChild:
        seeds.append(seed)
        return make(self, key, seed)

    monkeypatch.setattr(ChildTrainer, "_make_child", note)
    return seeds


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": "nesterov", "clip_norm": 1.0, "class_weights": "balanced"},
        {"crop_padding": 1, "flip": True, "cutout": 2},
        {"accumulate": 2},
        {"mixed_precision": "float16"},
    ],
)
def test_a_repeated_training_is_that_of_a_new_child(
    dataset: Dataset, made: list[int], options: dict[str, Any]
) -> None:
    fresh = make_manager(dataset, **options).evaluate(CELL, seed=2)
    manager = make_manager(dataset, **options)
    first = manager.evaluate(CELL, seed=1)
    repeated = manager.evaluate(CELL, seed=2)

    assert made == [2, 1]
    assert repeated.metrics == fresh.metrics
    assert repeated.metrics != first.metrics


def test_stored_weights_of_a_repeated_training_are_those_of_a_new_child(
    dataset: Dataset, alone: ChildResult, fresh_weights: Path, tmp_path: Path
) -> None:
    manager = make_manager(dataset)
    manager.evaluate(CELL, 1)
    manager.evaluate(CELL, 2, weights_path=tmp_path / "repeated.npz")
    assert (tmp_path / "repeated.npz").read_bytes() == fresh_weights.read_bytes()


def test_other_written_forms_and_short_trainings_use_the_same_child(
    dataset: Dataset, alone: ChildResult, made: list[int]
) -> None:
    manager = make_manager(dataset)
    short = manager.evaluate(MIRRORED, 4, epochs=1)
    whole = manager.evaluate(CELL, 2)
    assert made == [4]

    assert short.metrics == make_manager(dataset).evaluate(CELL, 4, epochs=1).metrics
    assert whole.metrics == alone.metrics


def test_a_training_between_two_others_changes_nothing(
    dataset: Dataset, alone: ChildResult, made: list[int]
) -> None:
    manager = make_manager(dataset)
    manager.evaluate(CELL, 1)
    manager.evaluate(OTHER, 1)
    repeated = manager.evaluate(CELL, 2)
    assert made == [1, 1]
    assert repeated.metrics == alone.metrics


def diverging_rates(trainer: SearchTrainerSpec, steps: int) -> NDArray[np.float32]:
    return np.full(steps, 1e30, np.float32)


def test_a_child_that_failed_is_not_kept(
    dataset: Dataset, alone: ChildResult, made: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = make_manager(dataset)
    manager.evaluate(CELL, 1)
    with monkeypatch.context() as patch:
        patch.setattr(fast_loop, "learning_rates", diverging_rates)
        failed = manager.evaluate(CELL, 3)
    assert failed.status is Status.FAILED
    assert "diverged" in str(failed.error)
    assert len(manager.child_trainer.children) == 0

    again = manager.evaluate(CELL, 2)
    assert made == [1, 2]
    assert again.metrics == alone.metrics


def test_kept_children_make_room_before_a_child_is_trained_in_smaller_parts(
    dataset: Dataset, alone: ChildResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = make_manager(dataset)
    manager.evaluate(OTHER, 1)
    train = fast_loop.train
    kept: list[int] = []

    def train_if_alone(
        child: TracedChild, trainer: SearchTrainerSpec, seed: int, *others: Any
    ) -> Any:
        kept.append(len(manager.child_trainer.children))
        if kept[-1]:
            raise MemoryError("12 GiB")
        return train(child, trainer, seed, *others)

    monkeypatch.setattr(fast_loop, "train", train_if_alone)
    result = manager.evaluate(CELL, 2)
    assert kept == [1, 0]
    assert result.metrics == alone.metrics


class CountedChild:
    """Stands for a traced child.

    Attributes:
        can_restart: Whether it can be trained again.
        seeds: Seeds that it began with.
    """

    def __init__(self, can_restart: bool, seed: int) -> None:
        self.can_restart = can_restart
        self.seeds = [seed]

    def restart(self, seed: int) -> None:
        self.seeds.append(seed)


def keys(count: int) -> list[ChildKey]:
    cells = [Cell([(-1, f"{number}x{number} conv", -1, "identity")]) for number in range(count)]
    return [ChildKey(cell, microbatches=1, is_compiled=False) for cell in cells]


def kept_children(most: int, can_restart: bool = True) -> Any:
    def make(key: ChildKey, seed: int) -> Any:
        del key
        return CountedChild(can_restart, seed)

    return KeptChildren(make, most)


def test_those_trained_last_are_kept() -> None:
    kept = kept_children(most=4)
    for key in keys(5):
        kept.keep(key, kept.take(key, seed=1))
    # The fifth is one too many; half of them make room.
    assert len(kept) == 3

    seeds = [kept.take(key, seed=2).seeds for key in keys(5)]
    assert seeds == [[2], [2], [1, 2], [1, 2], [1, 2]]


def test_a_child_that_is_taken_is_kept_once_it_is_handed_back() -> None:
    kept = kept_children(most=4)
    key = keys(1)[0]
    child = kept.take(key, seed=1)
    assert len(kept) == 0
    kept.keep(key, child)
    assert kept.take(key, seed=2) is child
    assert len(kept) == 0


@pytest.mark.parametrize(("most", "can_restart"), [(0, True), (4, False)])
def test_what_cannot_be_kept_is_not(most: int, can_restart: bool) -> None:
    kept = kept_children(most, can_restart)
    key = keys(1)[0]
    kept.keep(key, kept.take(key, seed=1))
    assert len(kept) == 0
