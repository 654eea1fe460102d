from pathlib import Path

import pytest
from omegaconf import OmegaConf

from pnas.children import NetworkSpec, TrainerSpec
from pnas.children.recipe import Recipe
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
        (TrainerSpec, {"schedule": "linear"}, "trainer.schedule"),
        (TrainerSpec, {"reward": "luck"}, "trainer.reward"),
        (TrainerSpec, {"reward_epochs": 0}, "trainer.reward_epochs"),
        (TrainerSpec, {"validate_every": 0}, "trainer.validate_every"),
        (TrainerSpec, {"mixed_precision": "int8"}, "trainer.mixed_precision"),
        (TrainerSpec, {"threads": 0}, "trainer.threads"),
        (TrainerSpec, {"device": "tpu"}, "trainer.device"),
        (NetworkSpec, {"stem": "wide"}, "child.stem"),
        (NetworkSpec, {"stem_multiplier": 0}, "child.stem_multiplier"),
        (NetworkSpec, {"stem": "imagenet", "filters": 3}, "child.filters"),
        (TrainerSpec, {"decay_rate": 0}, "trainer.decay_rate"),
        (TrainerSpec, {"warmup_epochs": -1}, "trainer.warmup_epochs"),
        (TrainerSpec, {"clip_norm": -1}, "trainer.clip_norm"),
        (TrainerSpec, {"label_smoothing": 1}, "trainer.label_smoothing"),
        (TrainerSpec, {"drop_path_keep": 0}, "trainer.drop_path_keep"),
        (TrainerSpec, {"ema": 1}, "trainer.ema"),
        (TrainerSpec, {"flip": 1}, "trainer.flip"),
        (TrainerSpec, {"cutout": -1}, "trainer.cutout"),
        (TrainerSpec, {"mixup": "some"}, "trainer.mixup"),
        (TrainerSpec, {"distribute": "many"}, "trainer.distribute"),
        (TrainerSpec, {"patience": -1}, "trainer.patience"),
    ],
)
def test_bad_values_are_named_by_their_key(spec: type, values: dict[str, object], key: str) -> None:
    with pytest.raises(InvalidValue, match=key.replace(".", r"\.")):
        spec(**values)


def test_every_child_preset_has_every_key() -> None:
    for path in sorted((CONF / "child").glob("*.yaml")):
        values = OmegaConf.to_container(OmegaConf.load(path))
        assert list(values) == list(NetworkSpec.__dataclass_fields__), path.name
        NetworkSpec(**values)


def test_every_trainer_preset_has_the_keys_of_its_task() -> None:
    of_table = {key for key in TrainerSpec.__dataclass_fields__ if key.startswith("table")}
    every = set(TrainerSpec.__dataclass_fields__) - of_table
    of_search = every - set(Recipe.__dataclass_fields__) | {"schedule"}
    for path in sorted((CONF / "trainer").glob("*.yaml")):
        values = OmegaConf.to_container(OmegaConf.load(path))
        trains_long = path.name.startswith("final")
        # A table trains nothing: it has the keys of tables, and no others.
        expected = of_table if path.stem == "tabular" else every if trains_long else of_search
        assert set(values) == expected, path.name
        TrainerSpec(**(values | {"table": "a.yaml"} if "table" in values else values))


def test_the_default_presets_are_the_defaults() -> None:
    assert NetworkSpec(**OmegaConf.load(CONF / "child/small.yaml")) == NetworkSpec()
    assert TrainerSpec(**OmegaConf.load(CONF / "trainer/quick.yaml")) == TrainerSpec()


def test_epochs_that_are_validated() -> None:
    last = TrainerSpec(epochs=7, validate_every=3)
    assert [last.is_validated(epoch) for epoch in range(7)] == [
        False,
        False,
        True,
        False,
        False,
        True,
        True,
    ]
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
    with pytest.raises(
        InvalidValue, match=r"trainer\.accumulate: must divide trainer\.batchsize=64"
    ):
        TrainerSpec(batchsize=64, accumulate=3)
