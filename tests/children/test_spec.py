from pathlib import Path

import pytest
from omegaconf import OmegaConf

from pnas.children import NetworkSpec, TrainerSpec
from pnas.errors import InvalidValue

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize(
    ("spec", "values", "key"),
    [
        (NetworkSpec, {"kind": "deep"}, "child.kind"),
        (NetworkSpec, {"repeats": 0}, "child.repeats"),
        (NetworkSpec, {"filters": 1.5}, "child.filters"),
        (NetworkSpec, {"concat": "none"}, "child.concat"),
        (NetworkSpec, {"bn_momentum": 1.0}, "child.bn_momentum"),
        (NetworkSpec, {"bn_epsilon": 0.0}, "child.bn_epsilon"),
        (TrainerSpec, {"epochs": 0}, "trainer.epochs"),
        (TrainerSpec, {"batchsize": -1}, "trainer.batchsize"),
        (TrainerSpec, {"learning_rate": float("nan")}, "trainer.learning_rate"),
        (TrainerSpec, {"learning_rate": float("inf")}, "trainer.learning_rate"),
        (TrainerSpec, {"learning_rate": "fast"}, "trainer.learning_rate"),
        (TrainerSpec, {"optimizer": "magic"}, "trainer.optimizer"),
        (TrainerSpec, {"schedule": "step"}, "trainer.schedule"),
        (TrainerSpec, {"reward": "luck"}, "trainer.reward"),
        (TrainerSpec, {"reward_epochs": 0}, "trainer.reward_epochs"),
        (TrainerSpec, {"validate_every": 0}, "trainer.validate_every"),
        (TrainerSpec, {"mixed_precision": "int8"}, "trainer.mixed_precision"),
        (TrainerSpec, {"threads": 0}, "trainer.threads"),
        (TrainerSpec, {"device": "tpu"}, "trainer.device"),
    ],
)
def test_bad_values_are_named_by_their_key(spec: type, values: dict[str, object], key: str) -> None:
    with pytest.raises(InvalidValue, match=key.replace(".", r"\.")):
        spec(**values)


@pytest.mark.parametrize(("group", "spec"), [("child", NetworkSpec), ("trainer", TrainerSpec)])
def test_every_preset_has_every_key(group: str, spec: type) -> None:
    for path in sorted((CONF / group).glob("*.yaml")):
        values = OmegaConf.to_container(OmegaConf.load(path))
        if path.stem == "tabular":  # trains nothing: it has the keys of tables, and no others
            assert list(values) == [key for key in spec.__dataclass_fields__ if key.startswith("table")]
            continue
        assert list(values) == [key for key in spec.__dataclass_fields__ if not key.startswith("table")], path.name
        spec(**values)


def test_the_default_presets_are_the_defaults() -> None:
    assert NetworkSpec(**OmegaConf.load(CONF / "child/small.yaml")) == NetworkSpec()
    assert TrainerSpec(**OmegaConf.load(CONF / "trainer/quick.yaml")) == TrainerSpec()


def test_epochs_that_are_validated() -> None:
    last = TrainerSpec(epochs=7, validate_every=3)
    assert [last.is_validated(epoch) for epoch in range(7)] == [False, False, True, False, False, True, True]
    mean = TrainerSpec(epochs=5, validate_every=9, reward="mean", reward_epochs=2)
    assert [mean.is_validated(epoch) for epoch in range(5)] == [False] * 3 + [True] * 2
    best = TrainerSpec(epochs=3, validate_every=9, reward="best")
    assert all(best.is_validated(epoch) for epoch in range(3))


@pytest.mark.parametrize(
    ("batchsize", "accumulate", "at_least", "expected"),
    [
        (64, 1, 1, [1, 2, 4, 8, 16]),
        (64, 4, 1, [4, 8, 16]),
        (64, 1, 8, [8, 16]),
        (64, 1, 32, []),
        (75, 1, 1, [1, 3, 15]),
        (7, 1, 1, [1]),
        (2, 1, 1, [1]),
        (2, 2, 1, [2]),
    ],
)
def test_parts_of_a_batch_are_equal_and_at_least_twice_as_many_each_time(
    batchsize: int, accumulate: int, at_least: int, expected: list[int]
) -> None:
    trainer = TrainerSpec(batchsize=batchsize, accumulate=accumulate)
    assert trainer.parts_of_batch(at_least) == expected


def test_a_batch_is_split_into_equal_parts_only() -> None:
    with pytest.raises(InvalidValue, match=r"trainer\.accumulate: must divide trainer\.batchsize=64"):
        TrainerSpec(batchsize=64, accumulate=3)
