"""Small valid arrays, as files and in memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Arrays = dict[str, Any]


@pytest.fixture
def arrays() -> Arrays:
    """30 + 12 images of 6x5x3 in 3 classes: a train and a test part."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (42, 6, 5, 3), dtype=np.uint8)
    y = np.arange(42) % 3
    return {"x_train": x[:30], "y_train": y[:30], "x_test": x[30:], "y_test": y[30:]}


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Arrays], str]:
    """Writes arrays as an .npz file and returns its path."""

    def write(arrays: Arrays) -> str:
        path = tmp_path / "data.npz"
        np.savez(path, **arrays)
        return str(path)

    return write
