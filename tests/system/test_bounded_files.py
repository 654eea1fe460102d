import gzip
import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pnas.errors import MalformedFile
from pnas.system import bounded_files
from pnas.system.bounded_files import open_arrays, read_arrays, read_gzip_text, read_text
from pnas.system.memory import available_memory

ARRAYS = {
    "weights": np.arange(12, dtype=np.float32).reshape(3, 4),
    "name": np.asarray("text"),
    "empty": np.zeros((0, 3)),
    "bits": np.asarray([True, False]),
    "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
}


def saved(path: Path, compressed: bool = False) -> Path:
    save = np.savez_compressed if compressed else np.savez
    save(path, **ARRAYS)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_come_back_as_they_were_saved(compressed: bool, tmp_path: Path) -> None:
    found = read_arrays(saved(tmp_path / "a.npz", compressed))
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


def test_arrays_can_be_read_one_by_one(tmp_path: Path) -> None:
    with open_arrays(saved(tmp_path / "a.npz")) as arrays:
        assert len(arrays) == len(ARRAYS)
        assert np.array_equal(arrays["bits"], ARRAYS["bits"])
        with pytest.raises(KeyError):
            arrays["missing"]


def header(shape: tuple[int, ...], descr: str = "<f4") -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text = text.ljust(118 - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def archive_of(path: Path, content: bytes, name: str = "a.npy") -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)


def huge_shape(path: Path) -> None:
    archive_of(path, header((10**9, 10**9)) + b"\0" * 16)


def bomb(path: Path) -> None:
    archive_of(path, header((40 * 2**20,)) + b"\0" * (160 * 2**20))


def encrypted(path: Path) -> None:
    saved(path)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(signature)
        content[at + offset] |= 1
    path.write_bytes(content)


def broken_stream(path: Path) -> None:
    np.savez_compressed(path, a=np.random.default_rng(0).normal(size=5000))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 50] = os.urandom(50)
    path.write_bytes(content)


def flipped_bits(path: Path) -> None:
    saved(path)
    content = bytearray(path.read_bytes())
    at = content.find(ARRAYS["weights"].tobytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


def truncated(path: Path) -> None:
    saved(path)
    path.write_bytes(path.read_bytes()[:400])


def objects(path: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray([{}], dtype=object), allow_pickle=True)
    archive_of(path, buffer.getvalue())


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a shape beyond its content": (huge_shape, "as its shape"),
    "a bomb": (bomb, "at most 100 MiB. Received: '160 MiB'"),
    "encrypted": (encrypted, "not encrypted"),
    "a broken stream": (broken_stream, "must be an .npz file"),
    "flipped bits": (flipped_bits, "must be an .npz file"),
    "truncated": (truncated, "must be an .npz file"),
    "pickled objects": (objects, "not pickled objects"),
    "another zip": (lambda path: archive_of(path, b"text", "letter.txt"), "which holds .npy"),
    "no array": (lambda path: archive_of(path, b"text"), "must be an .npz file"),
    "text": (lambda path: path.write_text("a letter"), "must be an .npz file"),
    "nothing": (lambda path: path.write_bytes(b""), "must be an .npz file"),
    "a directory": (lambda path: path.mkdir(), "must be a file"),
    "a pipe": (os.mkfifo, "must be a file"),
    "missing": (lambda path: None, "must exist"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    make, rule = HOSTILE[name]
    path = tmp_path / "a.npz"
    make(path)
    with pytest.raises(MalformedFile, match=rule) as refused:
        read_arrays(path, max_bytes=100 * 2**20)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert "\n" not in message


def test_arrays_beyond_the_free_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_files, "available_memory", lambda: 100)
    with pytest.raises(MalformedFile, match="must fit into the free memory"):
        read_arrays(saved(tmp_path / "a.npz"))


def test_the_machine_has_memory() -> None:
    free = available_memory()
    assert free is None or free > 0


def test_text_is_read_up_to_a_bound(tmp_path: Path) -> None:
    plain = tmp_path / "a.csv"
    packed = tmp_path / "a.csv.gz"
    plain.write_text("größe,1\n", encoding="utf-8")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_text(plain) == read_gzip_text(packed) == "größe,1\n"
    for read, path in ((read_text, plain), (read_gzip_text, packed)):
        with pytest.raises(MalformedFile, match="must hold at most"):
            read(path, max_bytes=3)


def test_a_gzip_bomb_is_given_up_at_the_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"\0" * (64 * 2**20)))
    with pytest.raises(MalformedFile, match="must hold at most 1 MiB"):
        read_gzip_text(path, max_bytes=2**20)


@pytest.mark.parametrize(
    "content",
    [b"text", b"", gzip.compress(b"x" * 9999)[:-20]],
    ids=["text", "empty", "cut"],  # a gzip header holds the time, and names must not
)
def test_what_is_no_gzip_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    if not content:
        assert read_gzip_text(path) == ""
        return
    with pytest.raises(MalformedFile, match="must be a gzipped file"):
        read_gzip_text(path)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(MalformedFile, match="must be UTF-8 text"):
        read_text(path)
