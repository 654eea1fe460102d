"""How the latency of an exported child is measured."""

import numpy as np
import pytest

from pnas.children import ChildRunnerFactory, PNASNetworkSpec
from pnas.children.inference_spec import InferenceSpec
from pnas.children.trainer_specs import SearchTrainerSpec
from pnas.data import Dataset, DataSpec
from pnas.errors import InvalidValue
from pnas.records import ChildJob, Status
from pnas.state_space import Cell

CELL = Cell.parse("(-1, 3x3 maxpool, -1, identity)")


def dataset() -> Dataset:
    generator = np.random.default_rng(0)
    images = generator.random((20, 8, 8, 1), np.float32)
    labels = (np.arange(20) % 2).astype(np.int32)
    mean = np.array([0.5], np.float32)
    std = np.array([0.25], np.float32)
    return Dataset("made", images, labels, images, labels, None, None, 2, mean, std)


def test_tensorflow_has_one_number_of_threads() -> None:
    InferenceSpec(format="savedmodel", threads=2).check(trainer_threads=2)
    with pytest.raises(InvalidValue, match=r"inference.threads: must be trainer.threads=1"):
        InferenceSpec(format="savedmodel", threads=2).check(trainer_threads=1)
    InferenceSpec(threads=2).check(trainer_threads=1)


def test_onnx_needs_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pnas.children.inference_spec.find_spec", lambda name: None)
    with pytest.raises(InvalidValue, match=r"inference: needs the packages tf2onnx, onnxruntime"):
        InferenceSpec().check(trainer_threads=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx", "savedmodel"])
def test_a_job_that_measures_has_latency_and_its_quartiles_and_no_reward(name: str) -> None:
    inference = InferenceSpec(format=name, batch=3, warmup=1, repetitions=9)
    factory = ChildRunnerFactory(
        DataSpec(),
        PNASNetworkSpec(filters=2),
        SearchTrainerSpec(epochs=1, batchsize=4),
        dataset=dataset(),
        inference=inference,
    )
    result = factory()(ChildJob(CELL, 0, measures=True))
    assert result.status is Status.OK, result.log
    assert result.reward is None
    names = ("latency_ms_low", "latency_ms", "latency_ms_high")
    quartiles = [result.metrics[each][0] for each in names]
    assert quartiles[0] > 0
    assert quartiles == sorted(quartiles)


@pytest.mark.slow
def test_what_cannot_be_exported_fails_with_the_reason() -> None:
    factory = ChildRunnerFactory(
        DataSpec(),
        PNASNetworkSpec(filters=2),
        SearchTrainerSpec(epochs=1, batchsize=4),
        dataset=dataset(),
    )
    result = factory()(ChildJob(Cell.parse("(-1, no operator, -1, identity)"), 0, measures=True))
    assert result.status is Status.FAILED
    assert str(result.error).startswith("its latency cannot be measured: ")
