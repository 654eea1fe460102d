"""Final trainings: an interruption changes nothing, and how a training ends."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from pnas.children import FinalTrainerSpec, PNASNetworkSpec
from pnas.children.child_failure import ChildFailure
from pnas.children.final_training.batches import evaluation_batches
from pnas.children.final_training.checkpoint import Progress, read_progress
from pnas.children.final_training.evaluation import load_child, measure
from pnas.children.final_training.long_training import FinalJob, train_final
from pnas.children.final_training.training_callbacks import (
    ProgressRecorder,
    ResumedEarlyStopping,
)
from pnas.data import Dataset, in_memory
from pnas.state_space import Cell

CELL = Cell.parse("(-1, 3x3 conv, -1, 3x3 maxpool)")
NETWORK = PNASNetworkSpec(filters=2)

EVERYTHING = FinalTrainerSpec(
    epochs=3,
    batchsize=16,
    validate_every=1,
    optimizer="nesterov",
    accumulate=2,
    crop_padding=1,
    flip=True,
    cutout=2,
    mixup=0.2,
    cutmix=1.0,
    dropout=0.2,
    drop_path_keep=0.6,
    weight_decay=1e-3,
    label_smoothing=0.1,
    clip_norm=5.0,
    ema=0.8,
    warmup_epochs=1.0,
    reward_metric="balanced_accuracy",
    class_weights="balanced",
)
"""A training with everything that a final training can have, but for an auxiliary head."""


def curve(progress: Progress) -> list[dict[str, float]]:
    """Return the metrics of all epochs, without their durations."""
    epochs = []
    for epoch in progress.epochs:
        metrics = dict(epoch)
        del metrics["seconds"]
        epochs.append(metrics)
    return epochs


class Trained(NamedTuple):
    """A training of `EVERYTHING` that nothing interrupted.

    Attributes:
        job: What was trained.
        progress: Its epochs.
        weights: File of the trained weights.
        checkpoint: Copy of the checkpoint after epoch 2, which is all that a kill then leaves.
    """

    job: FinalJob
    progress: Progress
    weights: Path
    checkpoint: Path


@pytest.fixture(scope="module")
def whole(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("whole")
    job = FinalJob(CELL, NETWORK, EVERYTHING, seed=1)
    weights = folder / "weights.npz"
    checkpoint = folder / "checkpoint.npz"
    after_epoch_2 = folder / "after_epoch_2.npz"

    def copy_after_epoch_2(progress: Progress) -> None:
        if len(progress.epochs) == 2:
            shutil.copy(checkpoint, after_epoch_2)

    progress = train_final(job, in_memory(dataset), checkpoint, weights, copy_after_epoch_2)
    return Trained(job, progress, weights, after_epoch_2)


def test_a_training_that_was_interrupted_goes_on_as_if_it_had_not_been(
    whole: Trained, dataset: Dataset, tmp_path: Path
) -> None:
    weights = tmp_path / "parts_weights.npz"
    checkpoint = shutil.copy(whole.checkpoint, tmp_path / "parts.npz")
    stored = read_progress(checkpoint)
    assert stored is not None
    assert len(stored.epochs) == 2

    parts = train_final(whole.job, in_memory(dataset), checkpoint, weights)
    assert curve(parts) == curve(whole.progress)
    assert weights.read_bytes() == whole.weights.read_bytes()


def test_the_averaged_weights_that_were_validated_are_kept(
    whole: Trained, dataset: Dataset
) -> None:
    data = in_memory(dataset)

    # The network without the parts that exist in training only.
    child = load_child(CELL, NETWORK, data.image_shape, 3, whole.weights)
    last = whole.progress.epochs[-1]
    expected = (last["val_loss"], last["val_accuracy"])
    assert measure(child, data.val) == pytest.approx(expected, rel=1e-4)


STILL: dict[str, Any] = {
    "epochs": 9,
    "batchsize": 16,
    "learning_rate": 1e-12,
    "validate_every": 1,
    "optimizer": "sgd",
}
"""A training that learns nothing."""


def test_a_training_stops_early_when_it_gets_no_better(dataset: Dataset, tmp_path: Path) -> None:
    trainer = FinalTrainerSpec(patience=2, schedule="constant", **STILL)
    job = FinalJob(CELL, NETWORK, trainer, seed=1)
    stopped = train_final(job, in_memory(dataset), tmp_path / "c.npz", tmp_path / "w.npz")
    assert 3 <= len(stopped.epochs) < 9
    assert stopped.ended == "no better epoch for 2"


@pytest.mark.parametrize(
    ("validate_every", "patience", "expected"), [(1, 3, 4), (5, 3, 10), (5, 5, 10), (5, 6, 15)]
)
def test_patience_counts_epochs_whichever_are_validated(
    validate_every: int, patience: int, expected: int
) -> None:
    trainer = FinalTrainerSpec(epochs=100, validate_every=validate_every, patience=patience)
    stopping = ResumedEarlyStopping(Progress("cell", 2), trainer)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.stop_training = False
    stopping.set_model(model)
    stopping.on_train_begin()
    for epoch in range(trainer.epochs):
        is_validated = epoch + 1 in trainer.validated_epochs
        stopping.on_epoch_end(epoch, {"val_accuracy": 0.5} if is_validated else {"loss": 1.0})
        if model.stop_training:
            break
    assert epoch + 1 == expected


def test_a_training_that_diverges_fails(dataset: Dataset, tmp_path: Path) -> None:
    trainer = FinalTrainerSpec(**(STILL | {"learning_rate": 1e30}))
    job = FinalJob(CELL, NETWORK, trainer, seed=1)
    with pytest.raises(ChildFailure, match="diverged"):
        train_final(job, in_memory(dataset), tmp_path / "d.npz", tmp_path / "w.npz")


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_a_training_in_half_precision_learns(
    dataset: Dataset, tmp_path: Path, precision: str
) -> None:
    trainer = replace(
        EVERYTHING,
        mixed_precision=precision,
        optimizer="adamw",
        epochs=4,
        learning_rate=0.02,
        mixup=0.0,
        cutmix=0.0,
        cutout=0,
    )
    job = FinalJob(CELL, NETWORK, trainer, seed=1)
    data = in_memory(dataset)
    weights = tmp_path / "w.npz"

    progress = train_final(job, data, tmp_path / "c.npz", weights)
    assert progress.epochs[-1]["loss"] < progress.epochs[0]["loss"]

    child = load_child(CELL, NETWORK, data.image_shape, 3, weights)
    loss, _ = measure(child, data.val)
    assert loss < 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"accuracy": 0.5, "loss": float("nan")}, "loss is nan in epoch 3"),
        ({"loss": 0.7, "val_loss": float("inf")}, "validation loss is inf in epoch 3"),
    ],
)
def test_a_failure_names_what_is_not_finite(
    values: dict[str, float], message: str, tmp_path: Path
) -> None:
    progress = Progress("cell", 2)
    trainer = FinalTrainerSpec()
    recorder = ProgressRecorder(progress, trainer, tmp_path / "c.npz", lambda _: None)
    with pytest.raises(ChildFailure, match=f"training diverged: {message}"):
        recorder.on_epoch_end(2, values)
    assert not progress.epochs


@pytest.mark.parametrize(("accumulate", "size"), [(1, 30), (16, 16), (512, 1)])
def test_what_is_trained_in_parts_is_evaluated_in_parts(
    accumulate: int, size: int, dataset: Dataset
) -> None:
    part = in_memory(dataset).train
    part = part._replace(images=part.images[np.arange(30)], labels=part.labels[:30])
    batches = [len(labels) for _, labels in evaluation_batches(part, 3, accumulate)]
    assert batches[0] == size
    assert sum(batches) == 30
