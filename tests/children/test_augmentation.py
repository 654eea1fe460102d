"""Random changes of images: what they do to pixels and labels, and that the seed repeats them."""

import numpy as np
import pytest

from pnas.children import (
    FinalTrainerSpec,
    NetworkManager,
    PNASNetworkSpec,
    SearchTrainerSpec,
    check_augmentation,
)
from pnas.children.augmentation import BatchMixing, ImageAugmentation, PadAndCrop
from pnas.data import Dataset
from pnas.errors import InvalidValue
from pnas.state_space import Cell

SHAPE = (8, 6, 3)
IMAGES = np.random.default_rng(0).uniform(1, 2, (64, *SHAPE)).astype(np.float32)
PADDING = 2


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """Return ``image`` moved by some pixels, with zeros padded."""
    padded = np.pad(image, ((PADDING, PADDING), (PADDING, PADDING), (0, 0)))
    top = PADDING - down
    left = PADDING - right
    return padded[top : top + SHAPE[0], left : left + SHAPE[1]]


def find_shifts(image: np.ndarray, result: np.ndarray) -> list[tuple[int, int]]:
    """Return every shift of ``image`` that gives ``result``."""
    shifts = []
    for down in range(-PADDING, PADDING + 1):
        for right in range(-PADDING, PADDING + 1):
            if np.array_equal(shifted(image, down, right), result):
                shifts.append((down, right))
    return shifts


def test_every_image_is_shifted_by_itself_and_padded_with_zeros() -> None:
    layer = PadAndCrop(PADDING, seed=1)
    results = np.asarray(layer(IMAGES, training=True))

    seen = set()
    for image, result in zip(IMAGES, results, strict=True):
        shifts = find_shifts(image, result)
        assert len(shifts) == 1
        seen.add(shifts[0])
    assert len(seen) > 15


def test_images_are_not_shifted_outside_of_training() -> None:
    layer = PadAndCrop(PADDING, seed=1)
    np.testing.assert_array_equal(np.asarray(layer(IMAGES)), IMAGES)


def test_about_half_of_the_images_are_mirrored() -> None:
    augment = ImageAugmentation(SearchTrainerSpec(flip=True), SHAPE, seed=1)
    results = np.asarray(augment(IMAGES))

    mirrored = 0
    for image, result in zip(IMAGES, results, strict=True):
        mirrored += np.array_equal(result, image[:, ::-1])
    assert 15 < mirrored < 49


def test_cutout_puts_a_square_of_its_size_into_every_image() -> None:
    ones = np.ones((32, 8, 8, 1), np.float32)
    augment = ImageAugmentation(SearchTrainerSpec(cutout=4), (8, 8, 1), seed=1)
    zeros_by_image = (np.asarray(augment(ones)) == 0).sum((1, 2, 3))
    assert set(zeros_by_image.tolist()) == {16}


def test_mixed_labels_sum_to_one() -> None:
    labels = np.eye(4, dtype=np.float32)[np.arange(64) % 4]
    mix = BatchMixing(FinalTrainerSpec(mixup=0.4, cutmix=1.0), seed=1)
    images, mixed = mix(IMAGES, labels)

    assert np.asarray(images).shape == IMAGES.shape
    np.testing.assert_allclose(np.asarray(mixed).sum(-1), 1, rtol=1e-5)
    assert not np.array_equal(mixed, labels)


def test_the_same_seed_gives_the_same_changes() -> None:
    trainer = SearchTrainerSpec(crop_padding=1, flip=True, cutout=2)

    def augmented(seed: int) -> np.ndarray:
        return np.asarray(ImageAugmentation(trainer, SHAPE, seed)(IMAGES))

    assert np.array_equal(augmented(1), augmented(1))
    assert not np.array_equal(augmented(1), augmented(2))


def test_children_of_a_search_may_be_augmented_too(dataset: Dataset) -> None:
    trainer = SearchTrainerSpec(
        epochs=1, batchsize=16, crop_padding=1, flip=True, warmup_epochs=0.5, clip_norm=1.0
    )
    manager = NetworkManager(dataset, network=PNASNetworkSpec(filters=2), trainer=trainer)
    cell = Cell.parse("(-1, identity, -1, 3x3 maxpool)")

    first = manager.evaluate(cell, seed=1)
    again = manager.evaluate(cell, seed=1)
    assert first.error is None
    assert first.metrics == again.metrics


@pytest.mark.parametrize("key", ["crop_padding", "cutout"])
def test_changes_larger_than_the_images_are_refused(key: str) -> None:
    trainer = SearchTrainerSpec(**{key: 6})  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=rf"trainer\.{key}: must be below 6"):
        check_augmentation(trainer, SHAPE)


@pytest.mark.parametrize("shape", [(8, 32, 1), (32, 8, 3), (12, 9, 1)])
def test_cutout_is_a_square_in_images_that_are_none(shape: tuple[int, int, int]) -> None:
    ones = np.ones((32, *shape), np.float32)
    augment = ImageAugmentation(SearchTrainerSpec(cutout=4), shape, seed=1)
    is_hole = np.asarray(augment(ones))[..., 0] == 0
    assert set(is_hole.any(axis=2).sum(axis=1).tolist()) == {4}
    assert set(is_hole.any(axis=1).sum(axis=1).tolist()) == {4}


@pytest.mark.parametrize("parameter", [0.2, 1.0, 5.0])
def test_cutmix_has_the_areas_of_its_beta_distribution(parameter: float) -> None:
    batches = []
    labels = np.eye(2, dtype=np.float32)[np.arange(64) % 2]
    mix = BatchMixing(FinalTrainerSpec(cutmix=parameter), seed=1)
    for _ in range(40):
        _, mixed = mix(IMAGES, labels)
        own_share = np.asarray(mixed)[np.arange(64), np.arange(64) % 2]
        batches.append(own_share[own_share < 1])
    # Of an example that was mixed with one of the other class, the share is the distribution's.
    shares = np.concatenate(batches)
    variance = 1 / (4 * (2 * parameter + 1))
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(variance, rel=0.1)


def test_a_manager_refuses_changes_larger_than_its_images(dataset: Dataset) -> None:
    trainer = SearchTrainerSpec(epochs=1, batchsize=16, cutout=min(dataset.image_shape[:2]))
    with pytest.raises(InvalidValue, match=r"trainer\.cutout: must be below"):
        NetworkManager(dataset, network=PNASNetworkSpec(filters=2), trainer=trainer)
