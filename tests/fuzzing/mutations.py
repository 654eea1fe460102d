"""Seeded damage to files: bytes that a disk flips, files cut short, values that nobody stores."""

import json
import random
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np

Mutation = Callable[[Path, random.Random], None]
"""Changes a file in place."""

ABSURD_JSON: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, -(10**18), 1e308, float("nan"), float("inf"), "", "x", "é" * 3000,
    "\x1b[31m", "../../x", [], [[]], [None], {}, {"a": {}}, [1e999] * 3, "nan", [[1], [2]],
)  # fmt: skip
_ABSURD_TEXT = (
    "", "-1", "nan", "inf", "1e999", "1" + "0" * 400, "null", "true", "[", "[" * 5000, "{", '"',
    "a" * 3000, "\x00", "\x1b[2J", "é", ",", ",,,,,,", "\n", "!!python/name:os.x", "*a", "&a [*a]",
    "${x}", "0x10", "1_000", "-0", "1:30", "2001-01-01", "%",
)  # fmt: skip
_TOKEN = re.compile(r"[\w.+-]+")


def flip_bytes(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        content[rng.randrange(len(content))] = rng.randrange(256)
    path.write_bytes(content)


def truncate(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


def repeat_slice(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    start = rng.randrange(len(content))
    piece = content[start : start + rng.choice((1, 7, 100, 4096))]
    path.write_bytes(content[:start] + piece * rng.choice((2, 3, 50)) + content[start:])


def zero_slice(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    start = rng.randrange(len(content))
    stop = min(len(content), start + rng.choice((4, 64, 512, 4096)))
    content[start:stop] = bytes(stop - start)
    path.write_bytes(content)


BYTES: tuple[Mutation, ...] = (flip_bytes, flip_bytes, truncate, repeat_slice, zero_slice)
"""Damage to a file of any kind."""


def replace_token(path: Path, rng: random.Random) -> None:
    """Replace one word or number of a text."""
    text = path.read_text(errors="replace")
    tokens = list(_TOKEN.finditer(text))
    if not tokens:
        return
    token = rng.choice(tokens)
    replaced = text[: token.start()] + rng.choice(_ABSURD_TEXT) + text[token.end() :]
    path.write_text(replaced, errors="replace")


def replace_line(path: Path, rng: random.Random) -> None:
    lines = path.read_text(errors="replace").split("\n")
    lines[rng.randrange(len(lines))] = rng.choice(_ABSURD_TEXT)
    path.write_text("\n".join(lines), errors="replace")


TEXT: tuple[Mutation, ...] = (*BYTES, *(replace_token,) * 4, replace_line)
"""Damage to a text."""


def replace_json(path: Path, rng: random.Random) -> None:
    """Replace one value of a JSON file by one of another kind, or remove it."""
    path.write_text(json.dumps(absurd_json(json.loads(path.read_text()), rng)))


def absurd_json(value: Any, rng: random.Random) -> Any:
    """Return ``value`` with one value below it replaced or removed."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.2:
        return rng.choice(ABSURD_JSON)
    key = rng.choice(list(value) if isinstance(value, dict) else list(range(len(value))))
    if rng.random() < 0.1:
        del value[key]
    else:
        value[key] = absurd_json(value[key], rng)
    return value


JSON: tuple[Mutation, ...] = (*TEXT, *(replace_json,) * 8)
"""Damage to a JSON file."""


def replace_array(path: Path, rng: random.Random) -> None:
    """Replace one array of an archive by one of another shape, kind or value."""
    with np.load(path) as archive:
        arrays = dict(archive.items())
    name = rng.choice(sorted(arrays))
    array = arrays[name]
    changes: tuple[Callable[[], Any], ...] = (
        lambda: array[:0],
        lambda: array.reshape(-1),
        lambda: array[None],
        lambda: array.astype(str),
        lambda: array.astype(np.complex64),
        lambda: np.full(array.shape, np.nan),
        lambda: np.full(array.shape, np.inf),
        lambda: np.full(array.shape, 1e308),
        lambda: np.full(array.shape, -(2**62)),
        lambda: np.zeros(array.shape, bool),
        lambda: np.zeros((), "M8[s]"),
        lambda: np.zeros(array.shape, [("a", "f4")]),
        lambda: np.concatenate([array.reshape(-1)] * 3),
        lambda: np.float32(0),
    )
    with suppress(ValueError, TypeError):
        arrays[name] = rng.choice(changes)()
    if rng.random() < 0.15:
        del arrays[name]
    np.savez(path, **arrays)


ARCHIVE: tuple[Mutation, ...] = (*BYTES, *(replace_array,) * 6)
"""Damage to an archive of arrays."""


def replace_stored_value(path: Path, rng: random.Random) -> None:
    """Replace one value of an SQLite database, where its types allow that."""
    with closing(sqlite3.connect(path)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        table = rng.choice(tables)
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        column = rng.choice(columns)
        found = db.execute(f"SELECT {column} FROM {table}").fetchall()
        before = rng.choice(found)[0] if found else None
        with suppress(sqlite3.Error, OverflowError):
            db.execute(
                f"UPDATE {table} SET {column} = ? WHERE {column} IS ?",
                (_other_value(before, rng), before),
            )
            db.commit()


def _other_value(before: Any, rng: random.Random) -> Any:
    if isinstance(before, str) and before[:1] in "[{" and rng.random() < 0.8:
        with suppress(ValueError):
            return json.dumps(absurd_json(json.loads(before), rng))
    if isinstance(before, int | float):
        return rng.choice((-1, 0, 2**62, 1e308, float("inf"), float("-inf"), None, 0.5))
    return rng.choice((*_ABSURD_TEXT, None, b"\xff\xfe"))


DATABASE: tuple[Mutation, ...] = (*BYTES, *(replace_stored_value,) * 12)
"""Damage to an SQLite database."""
