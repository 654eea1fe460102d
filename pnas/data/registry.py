"""Registry of data sets: what ``data.name`` selects."""

from collections.abc import Mapping
from typing import Any

from pnas.data.data_spec import ArraySpec, DigitsSpec, FileSpec, ImageFolderSpec, NpzSpec
from pnas.registry import Part, Registry
from pnas.validation import drop_former_keys

_SOURCES = "pnas.data.sources"

DATASETS = Registry(
    kind="data",
    key="data.name",
    parts={
        "digits": Part(f"{_SOURCES}:digits", DigitsSpec),
        "fashion_mnist": Part(f"{_SOURCES}:keras_set", ArraySpec),
        "cifar10": Part(f"{_SOURCES}:keras_set", ArraySpec),
        "cifar100": Part(f"{_SOURCES}:keras_set", ArraySpec),
        "npz": Part(f"{_SOURCES}:npz", NpzSpec),
        "image_folder": Part("pnas.data.image_folder:image_folder", ImageFolderSpec),
    },
)
"""Every source by its name. A factory takes the specification and returns checked `RawData`."""

_FORMER_KEYS = frozenset(
    ("path", "val_fraction", "test_fraction", "image_size", "channels", "stream")
)
"""Keys that every source stored up to version 0.1.0, read by it or not."""


def migrate_data(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored ``data`` group with the keys that its source reads."""
    spec = DATASETS.spec(values.get("name", "digits"), FileSpec)
    return drop_former_keys(values, spec, _FORMER_KEYS)
