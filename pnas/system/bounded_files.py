"""Files that anybody may have made, read only after their size was compared with a bound.

A compressed file of megabytes can hold terabytes. What it declares is looked at first, and no more
than that is ever unpacked. Every error is one line that names the file.
"""

import gzip
import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pnas.errors import MalformedFile
from pnas.system.memory import available_memory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GIB = 1024**3
MIB = 1024**2

MAX_ARRAYS = 16 * GIB
"""Most that the arrays of one file may take: 1.2 million colour images of 64 pixels have 15 GiB."""

MAX_TEXT = 512 * MIB
"""Most that one text may take: a table of all 423,624 cells of NAS-Bench-101 has about 100 MiB."""

_SHARE_OF_FREE_MEMORY = 0.9
_MAX_MEMBERS = 100_000
_ENCRYPTED = 0x1
_SUFFIX = ".npy"
_CHUNK = MIB

_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,  # a compression that Python does not know
    RuntimeError,  # a password is needed
    SyntaxError,  # of a header that is no literal of Python
    tokenize.TokenError,
)


def read_text(path: Path, max_bytes: int = MAX_TEXT) -> str:
    """Return the text of a file.

    Raises:
        MalformedFile: It is no regular file, too large, or no UTF-8.
    """
    _check_regular(path)
    _check_size(path, path.stat().st_size, max_bytes)
    return _decode(path, path.read_bytes())


def read_gzip_text(path: Path, max_bytes: int = MAX_TEXT) -> str:
    """Return the text of a gzipped file.

    The size that such a file declares is one modulo 4 GiB and may be false, so it is unpacked piece
    by piece and given up at the bound.

    Raises:
        MalformedFile: It is no regular or gzipped file, holds too much, or no UTF-8.
    """
    _check_regular(path)
    pieces: list[bytes] = []
    size = 0
    try:
        with gzip.open(path) as file:
            while piece := file.read(_CHUNK):
                size += len(piece)
                _check_size(path, size, max_bytes)
                pieces.append(piece)
    except (OSError, EOFError, zlib.error) as error:
        raise MalformedFile(str(path), f"must be a gzipped file ({_one_line(error)})") from None
    return _decode(path, b"".join(pieces))


def read_arrays(path: Path, max_bytes: int = MAX_ARRAYS) -> "dict[str, NDArray[Any]]":
    """Return the arrays of an ``.npz`` file by name.

    Args:
        path: The file.
        max_bytes: Most that all arrays together may take.

    Raises:
        MalformedFile: It is no such file, encrypted or broken, its arrays are larger than the bound
            or the free memory, or hold Python objects.
    """
    with open_arrays(path, max_bytes) as arrays:
        return dict(arrays.items())


@contextmanager
def open_arrays(path: Path, max_bytes: int = MAX_ARRAYS) -> "Iterator[Mapping[str, NDArray[Any]]]":
    """Give the ``with`` block the arrays of an ``.npz`` file, each read when it is asked for.

    Raises:
        MalformedFile: As `read_arrays`; a broken array when it is asked for.
    """
    _check_regular(path)
    with _one_line_errors(path), zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(_SUFFIX): info for info in archive.infolist()}
        _check_members(path, archive.infolist(), max_bytes)
        for name, info in members.items():
            _check_declared_shape(path, archive, name, info)
        yield _Arrays(path, archive, members)


class _Arrays(Mapping[str, Any]):
    """Arrays of an open archive by name."""

    def __init__(
        self, path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]
    ) -> None:
        self._path = path
        self._archive = archive
        self._members = members

    def __getitem__(self, name: str) -> "NDArray[Any]":
        from numpy.lib import format as npy

        info = self._members[name]
        with _one_line_errors(self._path, name), self._archive.open(info) as file:
            array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
            # The checksum is compared at the end of the stream.
            file.read(1)
            return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def _check_members(path: Path, infos: list[zipfile.ZipInfo], max_bytes: int) -> None:
    rule = "must be an .npz file"
    if len(infos) > _MAX_MEMBERS:
        raise MalformedFile(str(path), f"{rule} of at most {_MAX_MEMBERS:,} arrays", len(infos))
    for info in infos:
        if not info.filename.endswith(_SUFFIX):
            raise MalformedFile(str(path), f"{rule}, which holds .npy files only", info.filename)
        if info.flag_bits & _ENCRYPTED:
            raise MalformedFile(str(path), f"{rule} that is not encrypted", info.filename)
    _check_size(path, sum(info.file_size for info in infos), max_bytes)


def _check_declared_shape(
    path: Path, archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo
) -> None:
    """Check that an array declares as many bytes as its member of the archive has."""
    with _one_line_errors(path, name), archive.open(info) as file:
        shape, dtype = _read_header(file)
        header = file.tell()
    if dtype.hasobject:
        raise MalformedFile(f"{path}: {name}", "must be a plain array, not pickled objects")
    declared = header + math.prod(shape) * dtype.itemsize
    if declared != info.file_size:
        rule = f"must hold as much as its shape {shape} says ({declared:,} bytes)"
        raise MalformedFile(f"{path}: {name}", rule, info.file_size)


def _read_header(file: IO[bytes]) -> "tuple[tuple[int, ...], np.dtype[Any]]":
    from numpy.lib import format as npy

    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def _check_regular(path: Path) -> None:
    # A pipe or a device would be waited for.
    if not path.is_file():
        raise MalformedFile(str(path), "must be a file" if path.exists() else "must exist")


def _check_size(path: Path, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise MalformedFile(
            str(path), f"must hold at most {max_bytes / MIB:,.0f} MiB", f"{size / MIB:,.0f} MiB"
        )
    free = available_memory()
    if free is not None and size > free * _SHARE_OF_FREE_MEMORY:
        rule = f"must fit into the free memory ({free / MIB:,.0f} MiB)"
        raise MalformedFile(str(path), rule, f"{size / MIB:,.0f} MiB")


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedFile(str(path), f"must be UTF-8 text ({_one_line(error)})") from None


@contextmanager
def _one_line_errors(path: Path, name: str | None = None) -> Iterator[None]:
    try:
        yield
    except MalformedFile:
        raise
    except _ZIP_ERRORS as error:
        source = str(path) if name is None else f"{path}: {name}"
        rule = f"must be an .npz file of arrays ({_one_line(error)})"
        raise MalformedFile(source, rule) from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
