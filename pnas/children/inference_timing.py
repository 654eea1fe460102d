"""Latency of a child as it is exported, measured in this process; no training is needed for it."""

import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pnas.children.final_training.standalone_model import (
    Predict,
    untrained_serving_model,
    write_onnx,
    write_savedmodel,
)
from pnas.children.inference_spec import InferenceSpec
from pnas.children.network_specs import NetworkSpec
from pnas.data import Dataset, Parts
from pnas.objectives import LATENCY
from pnas.state_space import Cell

_QUARTILES = (0.25, 0.5, 0.75)
_MILLISECONDS = 1e3


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one inference of a batch.

    Attributes:
        median: Median over the repetitions.
        low, high: Lower and upper quartile.
    """

    median: float
    low: float
    high: float

    def as_metrics(self) -> dict[str, list[float]]:
        """Return what a journal stores: ``latency_ms`` and its quartiles."""
        return {
            LATENCY: [self.median],
            f"{LATENCY}_low": [self.low],
            f"{LATENCY}_high": [self.high],
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the values by name."""
        return asdict(self)


def measure_latency(
    cell: Cell, network: NetworkSpec, data: Dataset | Parts, inference: InferenceSpec
) -> Latency:
    """Export the untrained child that stacks ``cell``, and measure what was exported.

    Args:
        cell: Cell to stack.
        network: Settings of the network around it.
        data: Gives shape, classes and normalization.
        inference: How it is measured.
    """
    mean = None if data.mean is None else data.mean.tolist()
    std = None if data.std is None else data.std.tolist()
    model = untrained_serving_model(cell, network, data.image_shape, data.num_classes, mean, std)
    return latency_of_model(model, inference)


def latency_of_model(model: keras.Model, inference: InferenceSpec) -> Latency:
    """Export ``model`` to a folder that is removed again, and measure what was exported."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # What the exporters warn of is not about this model.
        warnings.simplefilter("ignore")
        predict = _export(model, Path(folder), inference)
        images = _images(model, inference.batch)
        return _timed(predict, images, inference)


def _export(model: keras.Model, folder: Path, inference: InferenceSpec) -> Predict:
    if inference.format == "onnx":
        return write_onnx(model, folder, inference.threads)
    return write_savedmodel(model, folder)


def _images(model: keras.Model, batch: int) -> NDArray[np.float32]:
    shape = (batch, *model.input_shape[1:])
    return np.random.default_rng(0).random(shape, np.float32)


def _timed(
    predict: Callable[[NDArray[np.float32]], Any],
    images: NDArray[np.float32],
    inference: InferenceSpec,
) -> Latency:
    for _ in range(inference.warmup):
        predict(images)
    milliseconds = []
    for _ in range(inference.repetitions):
        started = time.perf_counter()
        predict(images)
        milliseconds.append(_MILLISECONDS * (time.perf_counter() - started))
    low, median, high = np.quantile(milliseconds, _QUARTILES).tolist()
    return Latency(median, low, high)
