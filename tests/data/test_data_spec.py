"""DataSpec and the YAML files that fill it."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from pnas.data import DATASETS, load_dataset
from pnas.data.data_spec import FileSpec
from pnas.data.loading import make_spec
from pnas.errors import InvalidValue

CONF = Path(__file__).parents[2] / "conf" / "data"


def without_name(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "name"}


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"train_size": 0}, "data.train_size"),
        ({"train_size": 2.5}, "data.train_size"),
        ({"train_size": True}, "data.train_size"),
        ({"val_size": 0}, "data.val_size"),
        ({"val_size": "many"}, "data.val_size"),
        ({"test_size": -1}, "data.test_size"),
        ({"val_fraction": 0}, "data.val_fraction"),
        ({"val_fraction": 1.0}, "data.val_fraction"),
        ({"val_fraction": float("nan")}, "data.val_fraction"),
        ({"val_fraction": "half"}, "data.val_fraction"),
        ({"test_fraction": -0.1}, "data.test_fraction"),
        ({"test_fraction": 0.8}, "data.test_fraction"),
        ({"split_seed": -1}, "data.split_seed"),
        ({"name": "digits", "path": "mine.npz"}, "data.path"),
        ({"name": "digits", "val_fraction": 0.2}, "data.val_fraction"),
        ({"name": "npz"}, "data.path"),
        ({"name": "npz", "path": ""}, "data.path"),
        ({"name": "npz", "path": 5}, "data.path"),
        ({"name": "image_folder"}, "data.path"),
        ({"image_size": 32}, "data.image_size"),
        ({"name": "cifar10", "channels": 3}, "data.channels"),
        ({"name": "image_folder", "path": "x", "image_size": 0}, "data.image_size"),
        ({"name": "image_folder", "path": "x", "channels": 2}, "data.channels"),
    ],
)
def test_bad_values_are_refused_by_key(values: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        load_dataset(**{"spec": values.get("name", "cifar10"), **without_name(values)})
    assert caught.value.key == key
    assert "\n" not in str(caught.value)


def test_unknown_source_and_unknown_option() -> None:
    with pytest.raises(
        InvalidValue, match=r"data.name: must be one of digits, .*image_folder\. Received: 'mnits'"
    ):
        load_dataset("mnits")
    with pytest.raises(InvalidValue, match=r"data.trainsize: must be one of name, train_size"):
        load_dataset("digits", trainsize=5)


def test_every_source_has_a_file() -> None:
    assert {path.stem for path in CONF.glob("*.yaml")} == set(DATASETS.own_names())


@pytest.mark.parametrize("name", sorted(DATASETS.own_names()))
def test_files_fit_the_schema_and_agree_with_the_library(name: str) -> None:
    kind = DATASETS.spec(name, FileSpec)
    schema = OmegaConf.structured(kind)
    OmegaConf.set_readonly(schema, None)
    local = {"path": "somewhere"} if name in ("npz", "image_folder") else {}
    values = OmegaConf.load(CONF / f"{name}.yaml")
    assert values.pop("defaults")[0] == f"/hydra/schema/data/{name}@_here_"
    assert set(values) == set(schema)
    merged = OmegaConf.merge(schema, values, local)
    explicit = {"train_size": 256, "test_size": 500} if name == "digits" else {}
    assert OmegaConf.to_object(merged) == make_spec(kind, {"name": name, **local, **explicit})


@pytest.mark.parametrize("name", sorted(DATASETS.own_names()))
def test_every_key_has_a_comment(name: str) -> None:
    lines = (CONF / f"{name}.yaml").read_text().splitlines()
    assert lines[0].startswith("# ")
    keys = [line for line in lines if not line.startswith(("defaults:", "  - "))]
    assert all("  # " in line or line.startswith("# ") for line in keys)
