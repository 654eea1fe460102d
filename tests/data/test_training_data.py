from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pnas.data import (
    DigitsSpec,
    ImageFolderSpec,
    in_memory,
    load_dataset,
    open_parts,
    refuse_damaged,
)
from pnas.data.pixel_range import BYTE, DIGITS
from pnas.errors import InvalidValue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for index in range(20):
            pixels = rng.integers(0, 255, (5, 4, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / label / f"{index}.png")
    return tmp_path


def spec(folder: Path, stream: bool | None) -> ImageFolderSpec:
    return ImageFolderSpec(path=str(folder), stream=stream)


def test_streamed_images_are_those_that_would_be_in_memory(folder: Path) -> None:
    streamed = open_parts(spec(folder, True))
    held = open_parts(spec(folder, None))
    assert held.train.is_in_memory
    assert not streamed.train.is_in_memory
    assert streamed.class_names == held.class_names == ("cat", "dog")
    for name in ("train", "val", "test"):
        ours = getattr(streamed, name)
        theirs = getattr(held, name)
        np.testing.assert_array_equal(ours.labels, theirs.labels)
        everything = ours.images[np.arange(len(ours.labels))]
        np.testing.assert_allclose(everything, theirs.images, atol=1e-5)
        np.testing.assert_array_equal(ours.images[np.array([3, 0])], everything[[3, 0]])
    assert streamed.fingerprint == open_parts(spec(folder, True)).fingerprint != held.fingerprint
    assert streamed.pixel_range == held.pixel_range == BYTE


def test_training_on_validation_images_too(folder: Path) -> None:
    for stream in (True, False):
        parts = open_parts(spec(folder, stream))
        joined = parts.with_val_in_train()
        count = len(parts.train.labels)
        assert (
            len(joined.train.labels)
            == count + len(parts.val.labels)
            == joined.train.images.shape[0]
        )
        rows = np.array([count + 1, 0, count])
        expected = [
            parts.val.images[np.array([1])],
            parts.train.images[np.array([0])],
            parts.val.images[np.array([0])],
        ]
        np.testing.assert_array_equal(joined.train.images[rows], np.concatenate(expected))
        assert joined.mean is parts.mean


def test_digits_are_in_memory_and_have_sixteen_greys() -> None:
    parts = open_parts(DigitsSpec())
    dataset = load_dataset("digits")
    assert parts.train.images is not None
    assert parts.pixel_range == DIGITS
    assert parts.fingerprint == dataset.fingerprint == in_memory(dataset).fingerprint


def test_only_folders_are_streamed() -> None:
    with pytest.raises(InvalidValue, match=r"data.stream: must be one of name, train_size"):
        load_dataset("digits", stream=True)


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_damaged_image_that_is_streamed_is_named(folder: Path, part: str) -> None:
    parts = open_parts(spec(folder, True))
    refuse_damaged(parts)
    streamed = getattr(parts, part).images
    damaged = streamed.files().paths[0]
    damaged.write_bytes(damaged.read_bytes()[:60])
    with pytest.raises(InvalidValue, match=rf"1 of 40 are not: .*{damaged.name} \("):
        refuse_damaged(parts)


def test_images_in_memory_have_been_read(folder: Path) -> None:
    refuse_damaged(open_parts(spec(folder, False)))
