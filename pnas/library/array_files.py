"""What a caller has of data, as the keys that a command would name it by.

Arrays are written to a file: workers read it, a search that was stopped continues on it, and every
later command on the run (training, export) finds it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.data import DATASETS
from pnas.data.array_checks import check_not_masked
from pnas.data.raw_data import raw_from_arrays
from pnas.errors import InvalidValue, require
from pnas.system.atomic_write import atomic_write

Arrays = Sequence[Any] | Mapping[str, Any]
"""(x, y), (x, y, x_val, y_val) or (x, y, x_val, y_val, x_test, y_test); or arrays by these names,
with x_train and y_train for x and y."""

_NAMES = ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test")
_FOLDER = ".arrays"
_DIGITS_OF_NAME = 32
_ARGUMENTS_OF_SAVEZ = ("file", "allow_pickle")
"""Names that `numpy.savez` takes for its own, so that no array can have them."""


def data_keys(data: str | Path | Arrays, directory: Path) -> dict[str, str]:
    """Return the overrides that name ``data``.

    Args:
        data: Name of a data set, path of an image folder or of an ``.npz`` file, or arrays.
        directory: Directory of run directories; arrays are written below it.

    Raises:
        InvalidValue: Nothing that can be searched on.
    """
    if isinstance(data, str) and data in DATASETS.own_names():
        return {"data": data}
    if isinstance(data, str) and data in DATASETS.names():
        # An extension brings a source, but no option of the group with keys of its own.
        return {"data.name": data}
    if isinstance(data, str) and not data.strip():
        # As a path it would be the working directory.
        raise InvalidValue("data", _rule(), data)
    if isinstance(data, str | Path):
        return _keys_of_path(Path(data).expanduser())
    path = _written(_by_name(data), directory / _FOLDER)
    return {"data": "npz", "data.path": str(path)}


def _keys_of_path(path: Path) -> dict[str, str]:
    if path.is_dir():
        return {"data": "image_folder", "data.path": str(path.absolute())}
    if path.is_file():
        return {"data": "npz", "data.path": str(path.absolute())}
    raise InvalidValue("data", _rule(), str(path))


def _rule() -> str:
    names = ", ".join(DATASETS.names())
    return f"must be arrays, an image folder, an .npz file, or one of {names}"


def _by_name(data: Arrays) -> dict[str, NDArray[Any]]:
    """Return the arrays by the names that an ``.npz`` file has them under, checked."""
    if isinstance(data, Mapping):
        named = dict(data)
    elif isinstance(data, Sequence) and len(data) in (2, 4, 6):
        named = dict(zip(_NAMES, data, strict=False))
    else:
        rule = "must be (x, y), (x, y, x_val, y_val) or (x, y, x_val, y_val, x_test, y_test)"
        raise InvalidValue("data", rule, type(data).__name__)
    arrays = {}
    for name, array in named.items():
        require(isinstance(name, str), "data", "must name arrays by text, as x_train", name)
        if array is not None:
            arrays[name] = _as_array(name, array)
    raw_from_arrays(arrays, "data")
    return {name: array for name, array in arrays.items() if _can_be_stored(name, array)}


def _can_be_stored(name: str, array: NDArray[Any]) -> bool:
    """Whether a file can hold an array; others than images and labels may be anything."""
    return not array.dtype.hasobject and name not in _ARGUMENTS_OF_SAVEZ


def _as_array(name: str, values: Any) -> NDArray[Any]:
    if name in _NAMES:
        check_not_masked(values, name, "data")
    try:
        return np.asarray(values)
    except ValueError as error:  # of lists of different lengths, which images of other sizes are
        rule = f"{name} must be an array, or lists of equal lengths ({error})"
        raise InvalidValue("data", rule, type(values).__name__) from error


def _written(arrays: Mapping[str, NDArray[Any]], folder: Path) -> Path:
    """Write the arrays under a name made of what they hold, unless they are there already."""
    path = folder / f"{_digest(arrays)}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as draft, draft.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
    return path


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        # Dates have no buffer.
        digest.update(array.tobytes() if array.dtype.kind in "mM" else array.data)
    return digest.hexdigest()[:_DIGITS_OF_NAME]
