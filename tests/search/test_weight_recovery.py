"""Weights of the best child that are not there are made by training it once more."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.winners import stored_winner

from pnas.execution.base import MayStart, always
from pnas.records import ChildJob, ChildResult, Choice, Journal, Status
from pnas.records.evaluation_cache import CACHED_SEED
from pnas.search.weight_recovery import restore_missing_weights
from pnas.state_space import Cell

WORSE = Cell.parse("(-1, identity, -1, identity)")
BEST = Cell.parse("(-1, identity, -1, 3x3 conv)")


class Trainer:
    """An executor that gives every child one reward and leaves its weights.

    Attributes:
        jobs: All jobs so far.
    """

    def __init__(self, reward: float | None) -> None:
        self.jobs: list[ChildJob] = []
        self._reward = reward

    def run(
        self, jobs: Sequence[ChildJob], may_start: MayStart = always
    ) -> Iterator[tuple[int, ChildResult]]:
        for index, job in enumerate(jobs):
            self.jobs.append(job)
            if self._reward is None:
                yield index, ChildResult.failed(job, "out of memory")
                continue
            assert job.weights_path is not None
            Path(job.weights_path).touch()
            yield index, ChildResult(job.cell, job.seed, Status.OK, self._reward)

    def close(self) -> None:
        pass


def search(folder: Path, **metrics: list[float]) -> Journal:
    """Return the journal of a search of two children, the better of which has ``metrics``."""
    journal = Journal(folder / "journal.sqlite", create=True)
    choices = [Choice(WORSE, "worse", 1, None), Choice(BEST, "best", 2, None)]
    journal.open_stage(1, choices, 2, 2, 0.0)
    journal.end_child("worse", ChildResult(WORSE, 1, Status.OK, 0.25))
    journal.end_child("best", ChildResult(BEST, 2, Status.OK, 0.75, metrics=metrics))
    return journal


def restored(journal: Journal) -> list[dict[str, object]]:
    return [event.detail for event in journal.events() if event.kind == "weights_restored"]


def test_weights_that_are_gone_are_trained_by_the_same_seed(tmp_path: Path) -> None:
    trainer = Trainer(0.75)
    with search(tmp_path) as journal:
        for _ in range(2):
            restore_missing_weights(journal, trainer, tmp_path)
        assert restored(journal) == [{"key": "best", "reward": 0.75}]
    assert trainer.jobs == [ChildJob(BEST, 2, str(tmp_path / "best.npz"))]
    assert (tmp_path / "best.npz").is_file()


def test_weights_of_another_reward_are_not_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with search(tmp_path) as journal:
        restore_missing_weights(journal, Trainer(0.5), tmp_path)
    assert not (tmp_path / "best.npz").exists()
    assert "has the reward 0.7500; trained again here for its weights" in caplog.text
    assert "it has the reward 0.5000" in caplog.text


def test_a_child_of_a_cache_is_trained_by_the_seed_that_it_had_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = Trainer(0.5)
    with search(tmp_path, **{CACHED_SEED: [7]}) as journal:
        restore_missing_weights(journal, trainer, tmp_path)
    assert [job.seed for job in trainer.jobs] == [7]
    # They are the only weights that it can be tested and exported with.
    assert (tmp_path / "best.npz").is_file()
    assert "it has the reward 0.5000" in caplog.text


def test_a_training_that_fails_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with search(tmp_path) as journal:
        restore_missing_weights(journal, Trainer(None), tmp_path)
        assert restored(journal) == [{"key": "best", "reward": None}]
    assert "for its weights, it failed" in caplog.text


def test_a_search_without_rewards_needs_no_weights(tmp_path: Path) -> None:
    trainer = Trainer(0.5)
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        restore_missing_weights(journal, trainer, tmp_path)
    assert trainer.jobs == []


def test_a_winner_without_any_weights_gets_those_of_its_first_training(tmp_path: Path) -> None:
    trainer = Trainer(0.25)
    with search(tmp_path) as journal:
        (tmp_path / "best.npz").touch()
        journal.set_meta(winner=stored_winner(key="worse"))
        for _ in range(2):
            restore_missing_weights(journal, trainer, tmp_path)
    assert trainer.jobs == [ChildJob(WORSE, 1, str(tmp_path / "worse.npz"))]


def test_weights_of_a_further_training_are_enough(tmp_path: Path) -> None:
    trainer = Trainer(0.25)
    with search(tmp_path) as journal:
        journal.open_stage(2, [Choice(WORSE, "worse-2", 3, None)], 0, 1, 0.0)
        journal.end_child("worse-2", ChildResult(WORSE, 3, Status.OK, 0.3))
        for name in ("best.npz", "worse-2.npz"):
            (tmp_path / name).touch()
        journal.set_meta(winner=stored_winner(key="worse"))
        restore_missing_weights(journal, trainer, tmp_path)
    assert trainer.jobs == []
