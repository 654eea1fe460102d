"""A predictor's files: ``predictor.json`` (what it is) and ``weights.npz`` (its arrays). No pickles."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from pnas.errors import InvalidValue, require
from pnas.predictors.specs import ControllerSpec
from pnas.predictors.token_layout import Layout
from pnas.state_space import SlotSpace

FORMAT = 1
DESCRIPTION = "predictor.json"
WEIGHTS = "weights.npz"


class Saved(NamedTuple):
    """What was read: the predictor's spec and layout, its arrays by name, and whatever else it noted."""

    spec: ControllerSpec
    layout: Layout
    arrays: dict[str, Any]
    notes: dict[str, Any]


def save_arrays(
    directory: Path,
    spec: ControllerSpec,
    layout: Layout,
    arrays: Mapping[str, Any],
    notes: Mapping[str, Any],
) -> None:
    """Write ``arrays``, then the description: a predictor is whole once the latter is there."""
    directory.mkdir(parents=True, exist_ok=True)
    description = {"format": FORMAT, "spec": asdict(spec), "layout": layout.to_json(), **notes}
    np.savez(directory / WEIGHTS, **arrays)
    (directory / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n")


def load_arrays(directory: Path, space: SlotSpace) -> Saved:
    """What `save_arrays` wrote.

    Raises:
        InvalidValue: nothing readable there, or it knows another vocabulary than ``space`` (key ``from``).
    """
    with unreadable_as_invalid(directory):
        description = read_description(directory)
        spec = ControllerSpec(**description["spec"])
        layout = Layout.from_json(description["layout"])
        with np.load(directory / WEIGHTS, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        rule = "must know the values of this state space"
        require(
            layout.speaks_as(Layout.of(space)),
            "from",
            rule,
            [list(values) for _, values in layout.vocabulary],
        )
        return Saved(spec, layout, found, description)


def read_description(directory: Path) -> dict[str, Any]:
    """predictor.json, of this version's format."""
    description = json.loads((directory / DESCRIPTION).read_text())
    require(
        description["format"] == FORMAT, "from", "must be of this version's format", str(directory)
    )
    return dict(description)


def read_name(directory: Path) -> str:
    """Which predictor was saved; the rest of predictor.json is for its own class to read."""
    return str(json.loads((directory / DESCRIPTION).read_text())["spec"]["predictor"])


@contextmanager
def unreadable_as_invalid(directory: Path) -> Iterator[None]:
    """Turn whatever a damaged or foreign file raises into one line that names the key ``from``."""
    try:
        yield
    except InvalidValue:
        raise
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        IndexError,
        AttributeError,
        BadZipFile,
    ) as error:
        rule = f"must hold a trained predictor ({type(error).__name__}: {error})"
        raise InvalidValue("from", rule, str(directory)) from error
