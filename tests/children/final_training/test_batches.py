"""Batches of a final training: images that are streamed, and can no longer be read."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pnas.children.final_training.batches import (
    evaluation_batches,
    reading_errors,
    training_batches,
)
from pnas.data import ImageFolderSpec, Part, open_parts
from pnas.data.streaming import StreamedImages
from pnas.errors import InvalidValue


@pytest.fixture
def damaged(tmp_path: Path) -> Part:
    """A streamed part, one of whose images has gone since it was opened."""
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for index in range(20):
            pixels = rng.integers(0, 255, (5, 4, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / label / f"{index}.png")
    part = open_parts(ImageFolderSpec(path=str(tmp_path), stream=True)).train
    assert isinstance(part.images, StreamedImages)
    part.images.files().paths[0].unlink()
    return part


def batches_of(part: Part, kind: str) -> tf.data.Dataset:
    if kind == "evaluation":
        return evaluation_batches(part, 2)
    return training_batches(part, 2, batchsize=8, seed=0, epochs=range(1))


@pytest.mark.parametrize("kind", ["training", "evaluation"])
def test_an_image_that_has_gone_is_named(kind: str, damaged: Part) -> None:
    message = r"data\.path: .* 1 of \d+ are not: .*\.png"
    with pytest.raises(InvalidValue, match=message), reading_errors():
        list(batches_of(damaged, kind))


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError), reading_errors():
        tf.debugging.assert_equal(tf.constant(1), tf.constant(2))
