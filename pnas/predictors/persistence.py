"""A predictor's files: ``predictor.json`` (its description) and ``weights.npz`` (its arrays)."""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue, MalformedFile, require
from pnas.predictors.specs import FORMER_NAMES, ControllerSpec
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import SlotSpace
from pnas.system.bounded_files import read_arrays, read_text
from pnas.system.stored_json import parse_json_mapping

FORMAT = 1
DESCRIPTION = "predictor.json"
WEIGHTS = "weights.npz"

_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    IndexError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
    RuntimeWarning,
)
"""What a damaged or foreign file makes its readers raise."""


class SavedPredictor(NamedTuple):
    """What `load_arrays` read.

    Attributes:
        spec: Settings of the predictor.
        layout: TokenLayout of the tokens that it was fitted on.
        arrays: Its arrays by name.
        notes: The whole description.
    """

    spec: ControllerSpec
    layout: TokenLayout
    arrays: dict[str, Any]
    notes: dict[str, Any]


def save_arrays(
    directory: Path,
    spec: ControllerSpec,
    layout: TokenLayout,
    arrays: Mapping[str, Any],
    notes: Mapping[str, Any],
) -> None:
    """Write the arrays, then the description: a predictor is whole once the description is there.

    Args:
        directory: Where to write; it is made if need be.
        spec: Settings of the predictor.
        layout: TokenLayout of the tokens that it was fitted on.
        arrays: Its arrays by name. No object arrays: nothing is pickled.
        notes: What else its class wants to find in the description.
    """
    directory.mkdir(parents=True, exist_ok=True)
    description = {"format": FORMAT, "spec": asdict(spec), "layout": layout.to_json(), **notes}
    np.savez(directory / WEIGHTS, **arrays)
    (directory / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n")


def load_arrays(
    directory: Path, space: SlotSpace, spec_types: Mapping[str, type[ControllerSpec]]
) -> SavedPredictor:
    """Read what `save_arrays` wrote.

    Args:
        directory: Where it wrote.
        space: The space that the predictor will score.
        spec_types: Specification of each predictor that the reading class can be, by its name.

    Raises:
        InvalidValue: Nothing readable is there, or the predictor knows another vocabulary than
            ``space`` (key ``from``).
    """
    with unreadable_as_invalid(directory):
        description = read_description(directory)
        is_current = description["format"] == FORMAT
        require(is_current, "from", "must be of this version's format", str(directory))
        spec = _read_spec(description["spec"], spec_types)
        layout = TokenLayout.from_json(description["layout"])
        arrays = read_arrays(directory / WEIGHTS)
        _check_numbers(arrays)

        rule = "must know the values of this state space"
        is_known = layout.agrees_with(TokenLayout.of(space))
        require(is_known, "from", rule, [list(values) for _, values in layout.vocabulary])
        return SavedPredictor(spec, layout, arrays, description)


def _check_numbers(arrays: Mapping[str, NDArray[Any]]) -> None:
    for name, array in arrays.items():
        is_number = array.dtype.kind in "fiub"
        if not is_number or not np.isfinite(array).all():
            raise ValueError(f"the array {name} must hold finite numbers")


def read_description(directory: Path) -> dict[str, Any]:
    """Return the description of a saved predictor, bounded in size and depth.

    Raises:
        MalformedFile: It cannot be read.
    """
    path = directory / DESCRIPTION
    return parse_json_mapping(read_text(path), str(path))


def _read_spec(
    stored: Mapping[str, Any], spec_types: Mapping[str, type[ControllerSpec]]
) -> ControllerSpec:
    """Return a stored specification; keys that the predictor does not read are left out.

    Earlier versions stored the keys of all predictors with each.
    """
    name = FORMER_NAMES.get(stored["predictor"], stored["predictor"])
    spec_type = spec_types[name]
    known = {each.name for each in fields(spec_type)}
    values = {key: value for key, value in stored.items() if key in known}
    return spec_type(**{**values, "predictor": name})


@contextmanager
def unreadable_as_invalid(directory: Path) -> Iterator[None]:
    """Turn what a damaged or foreign file raises into one line that names the key ``from``.

    Raises:
        InvalidValue: The block raised one of the errors of a damaged file.
    """
    try:
        # NumPy warns of what no trained predictor has, such as a division by a count of 0.
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            yield
    except InvalidValue:
        raise
    except MalformedFile as error:
        rule = f"must hold a trained predictor ({error})"
        raise InvalidValue("from", rule, str(directory)) from error
    except _UNREADABLE as error:
        rule = f"must hold a trained predictor ({type(error).__name__}: {error})"
        raise InvalidValue("from", rule, str(directory)) from error
