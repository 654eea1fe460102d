"""The range of pixel values: found where one convention fits, asked for where several do."""

from pathlib import Path

import numpy as np
import pytest

from pnas.data import check_data, load_dataset
from pnas.data.pixel_range import BYTE, CONVENTIONS, UNIT, PixelRange
from pnas.errors import InvalidValue

LABELS = np.arange(200) % 4
BYTES = np.random.default_rng(0).integers(0, 256, (200, 8, 8, 3)).astype(np.uint8)
MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])
VARIANTS = {
    "byte": BYTES,
    "unit": (BYTES / 255).astype(np.float32),
    "signed": (BYTES / 127.5 - 1).astype(np.float32),
    "uint16": BYTES.astype(np.float32) * 257,
    "imagenet": ((BYTES / 255 - MEAN) / DEVIATION).astype(np.float32),
}


def save(images: np.ndarray, folder: Path) -> Path:
    path = folder / "images.npz"
    np.savez(path, x_train=images, y_train=LABELS)
    return path


@pytest.mark.parametrize("name", ["byte", "unit", "uint16"])
def test_a_range_that_fits_alone_is_found(name: str, tmp_path: Path) -> None:
    path = save(VARIANTS[name], tmp_path)
    assert load_dataset("npz", path=path).pixel_range == CONVENTIONS[name]


@pytest.mark.parametrize("name", ["signed", "imagenet"])
def test_negative_values_are_asked_about(name: str, tmp_path: Path) -> None:
    path = save(VARIANTS[name], tmp_path)
    with pytest.raises(InvalidValue, match=r"data\.pixel_range: must be given, one of unit"):
        check_data("npz", path=path)
    assert load_dataset("npz", path=path, pixel_range=name).pixel_range == CONVENTIONS[name]


def test_dark_bytes_are_asked_about(tmp_path: Path) -> None:
    path = save(BYTES // 16, tmp_path)
    with pytest.raises(InvalidValue, match="pixels of 0 to 15 are ambiguous"):
        check_data("npz", path=path)
    found = load_dataset("npz", path=path, pixel_range=[0, 15]).pixel_range
    assert found == PixelRange((0.0,), (15.0,))
    assert load_dataset("npz", path=path, pixel_range="byte").pixel_range == BYTE


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_an_image_file_s_bytes_become_what_was_trained_on(name: str) -> None:
    """As experiments/classify_image.py does: black + byte / 255 * (white - black)."""
    described = CONVENTIONS[name].describe()
    black = np.asarray(described["black"])
    white = np.asarray(described["white"])
    served = black + BYTES / 255 * (white - black)
    np.testing.assert_allclose(served, VARIANTS[name], rtol=1e-4, atol=1e-5)


def test_pixels_outside_of_the_range_are_refused(tmp_path: Path) -> None:
    path = save(VARIANTS["signed"], tmp_path)
    with pytest.raises(InvalidValue, match=r"must hold the pixels of data.path, which are -1 to 1"):
        check_data("npz", path=path, pixel_range="unit")


@pytest.mark.parametrize("value", ["bytes", [1, 0], [0], [0, float("nan")], 255, None])
def test_what_is_no_range(value: object, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"data\.pixel_range: must be auto, unit"):
        check_data("npz", path=save(BYTES, tmp_path), pixel_range=value)


def test_a_new_range_is_part_of_the_fingerprint_and_a_former_one_is_not(tmp_path: Path) -> None:
    path = save(VARIANTS["unit"], tmp_path)
    unit = load_dataset("npz", path=path)
    assert unit.pixel_range == UNIT
    signed = load_dataset("npz", path=path, pixel_range="signed")
    np.testing.assert_array_equal(unit.x_train, signed.x_train)
    assert unit.fingerprint != signed.fingerprint


@pytest.mark.parametrize(("train", "val"), [("byte", "unit"), ("unit", "byte")])
def test_floats_of_two_scales_are_refused(train: str, val: str, tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    images = {name: VARIANTS[name].astype(np.float32) for name in (train, val)}
    np.savez(path, x_train=images[train], y_train=LABELS, x_val=images[val], y_val=LABELS)
    with pytest.raises(InvalidValue, match=r"data\.path: x_val must be on the scale of x_train, 0"):
        check_data("npz", path=path)


def test_darker_and_slightly_brighter_parts_are_of_the_same_scale(tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    unit = VARIANTS["unit"]
    np.savez(
        path,
        x_train=unit,
        y_train=LABELS,
        x_val=unit / 20,
        y_val=LABELS,
        x_test=1.3 * unit - 0.1,
        y_test=LABELS,
    )
    assert check_data("npz", path=path).val == 200
