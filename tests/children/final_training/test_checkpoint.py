"""Checkpoints: what is written is read back, and other files are refused."""

from pathlib import Path

import keras
import numpy as np
import pytest

from pnas.children.final_training.checkpoint import (
    Progress,
    load_checkpoint,
    read_progress,
    save_checkpoint,
)
from pnas.errors import InvalidValue

PROGRESS = Progress("cell", 3, [{"loss": 1.0}])


@pytest.fixture
def variables() -> list[keras.Variable]:
    return [keras.Variable(np.ones(2)), keras.Variable(np.zeros((1, 2)))]


@pytest.fixture
def checkpoint(tmp_path: Path, variables: list[keras.Variable]) -> Path:
    path = tmp_path / "c.npz"
    save_checkpoint(path, variables, PROGRESS)
    return path


def test_progress_is_read_back(checkpoint: Path) -> None:
    assert read_progress(checkpoint) == PROGRESS


def test_without_a_file_there_is_no_progress(tmp_path: Path) -> None:
    assert read_progress(tmp_path / "absent.npz") is None


def test_a_checkpoint_of_other_variables_is_refused(
    checkpoint: Path, variables: list[keras.Variable]
) -> None:
    with pytest.raises(InvalidValue, match=r"name: must name a training of this cell"):
        load_checkpoint(checkpoint, variables[:1])


def test_a_damaged_checkpoint_is_refused(checkpoint: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-40])
    with pytest.raises(InvalidValue, match="can be read"):
        read_progress(checkpoint)
