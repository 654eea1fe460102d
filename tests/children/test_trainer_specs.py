"""Settings of trainings: rules, presets, microbatches, and stored settings of version 0.1.0."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from pnas.children import (
    TRAINER_SPECS,
    FinalTrainerSpec,
    SearchTrainerSpec,
    TrainerSpec,
    final_trainer,
    migrate_trainer,
)
from pnas.children.stored_trainers import flat_mapping
from pnas.errors import InvalidValue
from pnas.tables import TabularSpec

PRESETS = sorted((Path(__file__).parents[2] / "conf/trainer").glob("*.yaml"))
SPECS = {**TRAINER_SPECS, "tabular": TabularSpec}

STORED: dict[str, Any] = {
    "schedule": "cosine",
    "decay_rate": 0.1,
    "decay_epochs": 30.0,
    "warmup_epochs": 0.0,
    "clip_norm": 0.0,
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "dropout": 0.0,
    "drop_path_keep": 1.0,
    "aux_weight": 0.0,
    "ema": 0.0,
    "crop_padding": 0,
    "flip": False,
    "cutout": 0,
    "mixup": 0.0,
    "cutmix": 0.0,
    "patience": 0,
    "distribute": "none",
    "checkpoint_every": 1,
    "epochs": 25,
    "batchsize": 64,
    "accumulate": 1,
    "learning_rate": 0.01,
    "optimizer": "adam",
    "reward": "last",
    "reward_epochs": 5,
    "validate_every": 5,
    "mixed_precision": "none",
    "table": None,
    "table_reward": None,
    "table_test": None,
    "table_shown": "draw",
    "threads": 1,
    "jit_compile": "auto",
    "device": "auto",
    "max_params": None,
    "max_madds": None,
}
"""Version 0.1.0 stored the keys of every kind of training."""

TABLE_KEYS = ("table", "table_reward", "table_test", "table_shown")


def read_preset(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = OmegaConf.to_container(OmegaConf.load(path))  # type: ignore[assignment]
    del values["defaults"]
    return values


@pytest.mark.parametrize(
    ("spec", "values", "key"),
    [
        (SearchTrainerSpec, {"epochs": 0}, "trainer.epochs"),
        (SearchTrainerSpec, {"batchsize": -1}, "trainer.batchsize"),
        (SearchTrainerSpec, {"learning_rate": float("nan")}, "trainer.learning_rate"),
        (SearchTrainerSpec, {"learning_rate": float("inf")}, "trainer.learning_rate"),
        (SearchTrainerSpec, {"learning_rate": "fast"}, "trainer.learning_rate"),
        (SearchTrainerSpec, {"optimizer": "magic"}, "trainer.optimizer"),
        (SearchTrainerSpec, {"schedule": "linear"}, "trainer.schedule"),
        (SearchTrainerSpec, {"reward": "luck"}, "trainer.reward"),
        (SearchTrainerSpec, {"reward_epochs": 0}, "trainer.reward_epochs"),
        (SearchTrainerSpec, {"validate_every": 0}, "trainer.validate_every"),
        (SearchTrainerSpec, {"mixed_precision": "int8"}, "trainer.mixed_precision"),
        (SearchTrainerSpec, {"threads": 0}, "trainer.threads"),
        (SearchTrainerSpec, {"jit_compile": "maybe"}, "trainer.jit_compile"),
        (SearchTrainerSpec, {"device": "tpu"}, "trainer.device"),
        (SearchTrainerSpec, {"decay_rate": 0}, "trainer.decay_rate"),
        (SearchTrainerSpec, {"decay_epochs": 0}, "trainer.decay_epochs"),
        (SearchTrainerSpec, {"warmup_epochs": -1}, "trainer.warmup_epochs"),
        (SearchTrainerSpec, {"clip_norm": -1}, "trainer.clip_norm"),
        (SearchTrainerSpec, {"crop_padding": -1}, "trainer.crop_padding"),
        (SearchTrainerSpec, {"flip": 1}, "trainer.flip"),
        (SearchTrainerSpec, {"cutout": -1}, "trainer.cutout"),
        (FinalTrainerSpec, {"weight_decay": -1}, "trainer.weight_decay"),
        (FinalTrainerSpec, {"label_smoothing": 1}, "trainer.label_smoothing"),
        (FinalTrainerSpec, {"dropout": 1}, "trainer.dropout"),
        (FinalTrainerSpec, {"drop_path_keep": 0}, "trainer.drop_path_keep"),
        (FinalTrainerSpec, {"aux_weight": -0.1}, "trainer.aux_weight"),
        (FinalTrainerSpec, {"ema": 1}, "trainer.ema"),
        (FinalTrainerSpec, {"mixup": "some"}, "trainer.mixup"),
        (FinalTrainerSpec, {"cutmix": -1}, "trainer.cutmix"),
        (FinalTrainerSpec, {"distribute": "many"}, "trainer.distribute"),
        (FinalTrainerSpec, {"patience": -1}, "trainer.patience"),
        (FinalTrainerSpec, {"checkpoint_every": 0}, "trainer.checkpoint_every"),
        (TabularSpec, {"table": ""}, "trainer.table"),
        (TabularSpec, {"table": "a.yaml", "table_shown": "all"}, "trainer.table_shown"),
    ],
)
def test_a_bad_value_is_named_by_its_key(spec: type, values: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        spec(**values)
    assert refused.value.key == key


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
@pytest.mark.parametrize("key", ["max_params", "max_madds"])
def test_bad_limits_are_refused(key: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"trainer\.{key}: must be an integer"):
        SearchTrainerSpec(**{key: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_has_exactly_the_keys_of_its_kind(path: Path) -> None:
    values = read_preset(path)
    spec = SPECS[values["kind"]]
    assert set(values) == set(spec.__dataclass_fields__)
    if "table" in values:
        values["table"] = "a.yaml"
    spec(**values)


def test_the_default_preset_is_the_default() -> None:
    quick = next(path for path in PRESETS if path.stem == "quick")
    assert SearchTrainerSpec(**read_preset(quick)) == SearchTrainerSpec()


VALIDATED_EPOCHS = [
    ({"epochs": 7, "validate_every": 3}, [2, 5, 6]),
    ({"epochs": 5, "validate_every": 9, "reward": "mean", "reward_epochs": 2}, [3, 4]),
    ({"epochs": 3, "validate_every": 9, "reward": "best"}, [0, 1, 2]),
]


@pytest.mark.parametrize(
    ("options", "expected"),
    VALIDATED_EPOCHS,
    ids=["last", "mean", "best"],
)
def test_epochs_that_the_reward_reads_are_validated(
    options: dict[str, Any], expected: list[int]
) -> None:
    trainer = SearchTrainerSpec(**options)
    validated = [epoch for epoch in range(trainer.epochs) if trainer.is_validated(epoch)]
    assert trainer.validations == len(validated)
    assert validated == expected


@pytest.mark.parametrize(
    ("epochs", "every", "expected"), [(7, 3, [3, 6, 7]), (4, 2, [2, 4]), (3, 9, [3])]
)
def test_a_final_training_validates_its_last_epoch(
    epochs: int, every: int, expected: list[int]
) -> None:
    trainer = FinalTrainerSpec(epochs=epochs, validate_every=every)
    assert trainer.validated_epochs == expected


@pytest.mark.parametrize(
    ("batchsize", "accumulate", "minimum", "expected"),
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
def test_microbatches_are_equal_and_at_least_twice_as_many_each_time(
    batchsize: int, accumulate: int, minimum: int, expected: list[int]
) -> None:
    trainer = SearchTrainerSpec(batchsize=batchsize, accumulate=accumulate)
    assert trainer.microbatch_counts(minimum) == expected


def test_a_batch_is_split_into_equal_microbatches_only() -> None:
    rule = r"trainer\.accumulate: must divide trainer\.batchsize=64"
    with pytest.raises(InvalidValue, match=rule):
        SearchTrainerSpec(batchsize=64, accumulate=3)


def test_a_search_s_settings_may_train_a_cell_to_the_end() -> None:
    search = SearchTrainerSpec(epochs=7, clip_norm=2.0, flip=True, max_params=10)
    expected = FinalTrainerSpec(epochs=7, clip_norm=2.0, flip=True, max_params=10)
    assert final_trainer(search) == expected
    assert final_trainer(expected) is expected


def test_a_table_trains_no_cell() -> None:
    with pytest.raises(InvalidValue, match=r"trainer\.kind: must be search or final"):
        final_trainer(TabularSpec(table="a.yaml"))


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (STORED, SearchTrainerSpec()),
        (STORED | {"clip_norm": 1.0}, SearchTrainerSpec(clip_norm=1.0)),
        (STORED | {"dropout": 0.1}, FinalTrainerSpec(dropout=0.1)),
        (STORED | {"table": "a.yaml"}, TabularSpec(table="a.yaml")),
        (
            STORED | {"table": "a.yaml", "table_shown": "mean"},
            TabularSpec(table="a.yaml", table_shown="mean"),
        ),
    ],
    ids=["search", "search that clips", "final", "tabular", "tabular mean"],
)
def test_stored_settings_become_those_of_the_kind_they_use(
    stored: dict[str, Any], expected: TrainerSpec | TabularSpec
) -> None:
    values = migrate_trainer(stored)
    assert SPECS[values["kind"]](**values) == expected


def test_settings_with_a_kind_are_current() -> None:
    values = {"kind": "search", "dropout": 0.1}
    assert migrate_trainer(values) == values


def test_unknown_stored_keys_stay_to_be_refused() -> None:
    assert migrate_trainer({"wings": 2}) == {"kind": "search", "wings": 2}


@pytest.mark.parametrize("trainer", [SearchTrainerSpec(), FinalTrainerSpec()])
def test_the_flat_mapping_is_what_version_0_1_0_hashed(trainer: TrainerSpec) -> None:
    expected = {key: value for key, value in STORED.items() if key not in TABLE_KEYS}
    assert flat_mapping(trainer) == expected


@pytest.mark.parametrize(
    ("key", "value"), [("reward_metric", "balanced_accuracy"), ("class_weights", "balanced")]
)
def test_what_a_reward_means_is_in_the_flat_mapping(key: str, value: str) -> None:
    mapping = flat_mapping(SearchTrainerSpec(**{key: value}))
    assert mapping == {**flat_mapping(SearchTrainerSpec()), key: value}
