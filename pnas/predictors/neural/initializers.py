"""Weights of neural predictors: named arrays, initialised from named seeds, that fit a larger
space.

Every array, and every row of an embedding, has a random stream of its own. So the weights of a
space with a longer vocabulary begin with the weights of the shorter one.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pnas.seeds import derive_seed

Floats = NDArray[np.float32]
Weights = dict[str, Floats]
"""Arrays by name: those of one member, or of all with a leading member axis."""


def uniform(shape: Sequence[int], limit: float, seed: int, *names: str | int) -> Floats:
    """Return numbers uniform in [-limit, limit], from the stream called ``names``."""
    generator = np.random.default_rng(derive_seed(seed, *names))
    return generator.uniform(-limit, limit, shape).astype(np.float32)


def glorot(shape: tuple[int, int], seed: int, *names: str | int) -> Floats:
    """Return a (fan in, fan out) matrix by Glorot's uniform initialisation."""
    return uniform(shape, (6 / sum(shape)) ** 0.5, seed, *names)


def orthogonal(size: int, columns: int, seed: int, *names: str | int) -> Floats:
    """Return ``columns`` square orthogonal matrices side by side, (size, columns * size)."""
    rng = np.random.default_rng(derive_seed(seed, *names))
    squares = []
    for _ in range(columns):
        orthonormal, _ = np.linalg.qr(rng.standard_normal((size, size)))
        squares.append(orthonormal)
    return np.concatenate(squares, axis=1).astype(np.float32)


def embedding_rows(
    values: Sequence[str | int], width: int, limit: float, seed: int, *names: str | int
) -> Floats:
    """Return one row a value, (len(values), width).

    A row depends on its value alone, so that longer vocabularies only append rows.
    """
    return np.stack([uniform((width,), limit, seed, *names, value) for value in values])


def stack_members(members: Sequence[Mapping[str, Floats]]) -> Weights:
    """Return the weights of all members, with a leading member axis."""
    stacked = {}
    for name in members[0]:
        stacked[name] = np.stack([member[name] for member in members])
    return stacked


def overlay(fresh: Mapping[str, Floats], trained: Mapping[str, Floats]) -> Weights:
    """Return ``fresh`` weights with trained ones in their place, wherever both have an entry.

    Sizes that depend on the space (vocabulary, slots) may differ. Entries that only ``fresh`` has
    stay as they were initialised.
    """
    result = {name: array.copy() for name, array in fresh.items()}
    for name, array in trained.items():
        sizes = zip(array.shape, fresh[name].shape, strict=True)
        shared = tuple(slice(min(a, b)) for a, b in sizes)
        result[name][shared] = array[shared]
    return result
