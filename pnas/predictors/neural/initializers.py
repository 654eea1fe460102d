"""Weights of neural predictors: named arrays, initialised from named seeds, that fit a larger space too."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pnas.seeds import derive_seed

Floats = NDArray[np.float32]
Weights = dict[str, Floats]
"""Arrays by name. Of one member, or of all with a leading member axis."""


def uniform(shape: Sequence[int], limit: float, seed: int, *names: str | int) -> Floats:
    """Uniform in [-limit, limit], from the stream called ``names``."""
    draw = np.random.default_rng(derive_seed(seed, *names)).uniform(-limit, limit, shape)
    return draw.astype(np.float32)


def glorot(shape: tuple[int, int], seed: int, *names: str | int) -> Floats:
    """Glorot's uniform initialisation of a (fan in, fan out) matrix."""
    return uniform(shape, (6 / sum(shape)) ** 0.5, seed, *names)


def orthogonal(size: int, columns: int, seed: int, *names: str | int) -> Floats:
    """(size, columns * size): ``columns`` square orthogonal matrices side by side."""
    rng = np.random.default_rng(derive_seed(seed, *names))
    squares = [np.linalg.qr(rng.standard_normal((size, size)))[0] for _ in range(columns)]
    return np.concatenate(squares, axis=1).astype(np.float32)


def rows(
    values: Sequence[str | int], width: int, limit: float, seed: int, *names: str | int
) -> Floats:
    """(len(values), width): row i depends on its value alone, so that longer vocabularies only append rows."""
    return np.stack([uniform((width,), limit, seed, *names, value) for value in values])


def stack(members: Sequence[Mapping[str, Floats]]) -> Weights:
    """Weights with a leading member axis."""
    return {name: np.stack([member[name] for member in members]) for name in members[0]}


def overlay(fresh: Mapping[str, Floats], trained: Mapping[str, Floats]) -> Weights:
    """``fresh`` weights with ``trained`` ones of the same names in their place, wherever both have an entry.

    Sizes that depend on the space (vocabulary, slots) may differ; entries that only ``fresh`` has stay as initialised.
    """
    result = {name: array.copy() for name, array in fresh.items()}
    for name, array in trained.items():
        shared = tuple(
            slice(min(a, b)) for a, b in zip(array.shape, fresh[name].shape, strict=True)
        )
        result[name][shared] = array[shared]
    return result
