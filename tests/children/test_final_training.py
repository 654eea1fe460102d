"""Long trainings: what the recipe adds to a child, and that stopping changes nothing."""

import math
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from pnas.children import NetworkSpec, TrainerSpec
from pnas.children.child_failure import ChildFailure
from pnas.children.final_training.checkpoint import (
    Progress,
    load_checkpoint,
    read_progress,
    save_checkpoint,
)
from pnas.children.final_training.evaluation import load_child, measure
from pnas.children.final_training.keras_optimizer import final_optimizer
from pnas.children.final_training.long_training import FinalJob, train_final
from pnas.children.final_training.regularized_layers import DropPath
from pnas.children.final_training.training_model import build_final
from pnas.children.schedules import make_schedule, rates_by_step
from pnas.children.search_training.fast_loop import learning_rates
from pnas.data import Dataset, in_memory
from pnas.errors import InvalidValue
from pnas.state_space import Cell

CELL = Cell.parse("(-1, 3x3 conv, -1, 3x3 maxpool)")
NETWORK = NetworkSpec(filters=2)
EVERYTHING = TrainerSpec(
    epochs=3, batchsize=16, validate_every=1, optimizer="nesterov", accumulate=2, crop_padding=1, flip=True, cutout=2,
    mixup=0.2, cutmix=1.0, dropout=0.2, drop_path_keep=0.6, weight_decay=1e-3, label_smoothing=0.1, clip_norm=5.0,
    ema=0.8, warmup_epochs=1.0,
)  # fmt: skip


class Killed(Exception):
    pass


def curve(progress: Progress) -> list[dict[str, float]]:
    return [
        {name: value for name, value in epoch.items() if name != "seconds"}
        for epoch in progress.epochs
    ]


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(
    dataset: Dataset, tmp_path: Path
) -> None:
    job = FinalJob(CELL, NETWORK, EVERYTHING, seed=1)
    data = in_memory(dataset)

    def stop(progress: Progress) -> None:
        if len(progress.epochs) == 2:
            raise Killed

    whole = train_final(job, data, tmp_path / "whole.npz", tmp_path / "whole_weights.npz")
    with pytest.raises(Killed):
        train_final(job, data, tmp_path / "parts.npz", tmp_path / "parts_weights.npz", stop)
    assert len(read_progress(tmp_path / "parts.npz").epochs) == 2  # type: ignore[union-attr]
    parts = train_final(job, data, tmp_path / "parts.npz", tmp_path / "parts_weights.npz")
    assert curve(whole) == curve(parts)
    assert (tmp_path / "whole_weights.npz").read_bytes() == (
        tmp_path / "parts_weights.npz"
    ).read_bytes()

    # What is kept are the averaged weights that were validated, in the network without its training-only parts.
    child = load_child(CELL, NETWORK, data.image_shape, 3, tmp_path / "whole_weights.npz")
    assert measure(child, data.val) == pytest.approx(
        (whole.epochs[-1]["val_loss"], whole.epochs[-1]["val_accuracy"]), rel=1e-4
    )


def test_early_stopping_and_divergence(dataset: Dataset, tmp_path: Path) -> None:
    data = in_memory(dataset)
    still = TrainerSpec(epochs=9, batchsize=16, learning_rate=1e-12, validate_every=1)
    stopped = train_final(
        FinalJob(
            CELL, NETWORK, replace(still, patience=2, schedule="constant", optimizer="sgd"), 1
        ),
        data,
        tmp_path / "c.npz",
        tmp_path / "w.npz",
    )
    assert 3 <= len(stopped.epochs) < 9
    assert stopped.ended == "no better epoch for 2"
    wild = replace(still, learning_rate=1e30, optimizer="sgd")
    with pytest.raises(ChildFailure, match="diverged"):
        train_final(FinalJob(CELL, NETWORK, wild, 1), data, tmp_path / "d.npz", tmp_path / "w.npz")


def test_loss_of_a_training_step_by_hand() -> None:
    trainer = TrainerSpec(weight_decay=0.1, label_smoothing=0.3, aux_weight=0.4, optimizer="sgd")
    model = build_final(
        CELL, NETWORK, trainer, (16, 16, 1), 3, final_optimizer(trainer, 4), 100, seed=0
    )
    y = np.eye(3, dtype=np.float32)[[0, 2]]
    outputs = {
        "logits": np.array([[1.0, 2, 3], [0, 0, 1]]),
        "aux_logits": np.array([[0.0, 1, 0], [2, 0, 0]]),
    }

    def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
        return float(
            -(labels * np.log(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)))
            .sum(-1)
            .mean()
        )

    smooth = 0.7 * y + 0.1
    kernels = [w for w in model.trainable_variables if "kernel" in w.name]
    decay = 0.1 / 2 * sum(float(np.square(w.numpy()).sum()) for w in kernels)
    expected = (
        cross_entropy(outputs["logits"], smooth)
        + 0.4 * cross_entropy(outputs["aux_logits"], smooth)
        + decay
    )
    assert float(model.compute_loss(y=y, y_pred=outputs)) == pytest.approx(expected, rel=1e-4)
    evaluated = float(model.compute_loss(y=y, y_pred=outputs, training=False))
    assert evaluated == pytest.approx(cross_entropy(outputs["logits"], y), rel=1e-5)


def test_drop_path_grows_with_depth_and_time_and_keeps_the_mean() -> None:
    over = [0.0]
    ones = np.ones((4000, 2, 2, 1), np.float32)
    for share, keep in ((0.0, 1.0), (0.5, 0.8), (1.0, 0.6)):
        over[0] = share
        result = np.asarray(DropPath(0.4, lambda: over[0], seed=1)(ones, training=True))
        assert np.mean(result[:, 0, 0, 0] > 0) == pytest.approx(keep, abs=0.03)
        assert result.max() == pytest.approx(1 / keep)
        assert (result == result[:, :1, :1]).all()  # an example is kept or dropped as a whole
    assert (np.asarray(DropPath(0.4, lambda: 1.0, seed=1)(ones)) == ones).all()


def test_only_operators_other_than_identity_are_dropped_and_more_so_in_later_cells() -> None:
    trainer = TrainerSpec(drop_path_keep=0.4)
    model = build_final(
        CELL, NETWORK, trainer, (8, 8, 1), 3, final_optimizer(trainer, 4), 100, seed=0
    )
    drops = [layer.drop for layer in model.layers if isinstance(layer, DropPath)]
    assert drops == pytest.approx([0.6 * cell / 3 for cell in (1, 2, 3) for _ in range(2)])
    still = Cell.parse("(-1, identity, -2, identity)")
    model = build_final(
        still, NETWORK, trainer, (8, 8, 1), 3, final_optimizer(trainer, 4), 100, seed=0
    )
    assert not [layer for layer in model.layers if isinstance(layer, DropPath)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"schedule": "constant"}, [1.0] * 8),
        ({"schedule": "step", "decay_epochs": 2}, [1.0] * 4 + [0.1] * 4),
        (
            {"schedule": "exponential", "decay_epochs": 2, "decay_rate": 0.5},
            [0.5 ** (i / 4) for i in range(8)],
        ),
        ({}, [0.5 * (1 + math.cos(math.pi * i / 8)) for i in range(8)]),
        (
            {"warmup_epochs": 1},
            [0.0, 0.5, *(0.5 * (1 + math.cos(math.pi * i / 6)) for i in range(6))],
        ),
        ({"schedule": "constant", "warmup_epochs": 2}, [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_schedules(options: dict[str, object], expected: list[float]) -> None:
    trainer = TrainerSpec(epochs=4, learning_rate=1.0, **options)  # type: ignore[arg-type]
    np.testing.assert_allclose(rates_by_step(trainer, 2), expected, atol=1e-6)
    np.testing.assert_allclose(learning_rates(trainer, 8), expected, atol=1e-6)
    assert make_schedule(replace(trainer, schedule="constant", warmup_epochs=0), 2) == 1.0


def test_optimizers_have_what_the_recipe_asks_for() -> None:
    recipe = TrainerSpec(
        clip_norm=5.0, ema=0.99, accumulate=2, optimizer="nesterov", mixed_precision="float16"
    )
    scaled = final_optimizer(recipe, 4)
    assert isinstance(scaled, keras.optimizers.LossScaleOptimizer)
    inner = scaled.inner_optimizer
    assert (inner.momentum, inner.nesterov, inner.global_clipnorm) == (0.9, True, 5.0)
    assert (inner.use_ema, inner.ema_momentum, inner.gradient_accumulation_steps) == (True, 0.99, 2)
    assert final_optimizer(TrainerSpec(optimizer="adamw", weight_decay=0.0), 4).weight_decay == 0.0


def test_checkpoints_that_are_not_ours_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    progress = Progress("cell", 3, [{"loss": 1.0}])
    variables = [keras.Variable(np.ones(2)), keras.Variable(np.zeros((1, 2)))]
    save_checkpoint(path, variables, progress)
    assert read_progress(path) == progress
    assert read_progress(tmp_path / "absent.npz") is None
    with pytest.raises(InvalidValue, match=r"name: must name a training of this cell"):
        load_checkpoint(path, variables[:1])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InvalidValue, match="can be read"):
        read_progress(path)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision(dataset: Dataset, tmp_path: Path, precision: str) -> None:
    recipe = replace(
        EVERYTHING, mixed_precision=precision, optimizer="adamw", epochs=4, learning_rate=0.02
    )
    job = FinalJob(CELL, NETWORK, replace(recipe, mixup=0.0, cutmix=0.0, cutout=0), seed=1)
    data = in_memory(dataset)
    progress = train_final(job, data, tmp_path / "c.npz", tmp_path / "w.npz")
    assert progress.epochs[-1]["loss"] < progress.epochs[0]["loss"]
    assert (
        measure(load_child(CELL, NETWORK, data.image_shape, 3, tmp_path / "w.npz"), data.val)[0] < 2
    )
