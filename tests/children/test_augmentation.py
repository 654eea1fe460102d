import numpy as np
import pytest

from pnas.children import NetworkManager, NetworkSpec, TrainerSpec
from pnas.children.augmentation import Augment, PadAndCrop
from pnas.children.recipe import Recipe, check_augmentation
from pnas.data import Dataset
from pnas.errors import InvalidValue
from pnas.state_space import Cell

IMAGES = np.random.default_rng(0).uniform(1, 2, (64, 8, 6, 3)).astype(np.float32)
SHAPE = (8, 6, 3)


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
    return padded[2 - down : 10 - down, 2 - right : 8 - right]


def test_every_image_is_shifted_by_itself_and_zeros_come_in() -> None:
    found = np.asarray(PadAndCrop(2, seed=1)(IMAGES, training=True))
    places = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    where = [
        [place for place in places if np.array_equal(shifted(image, *place), result)]
        for image, result in zip(IMAGES, found, strict=True)
    ]
    assert all(len(matches) == 1 for matches in where)
    assert len({matches[0] for matches in where}) > 15
    assert (np.asarray(PadAndCrop(2, seed=1)(IMAGES)) == IMAGES).all()


def test_flip_and_cutout() -> None:
    flipped = np.asarray(Augment(Recipe(flip=True), SHAPE, seed=1)(IMAGES))
    mirrored = [
        np.array_equal(result, image[:, ::-1])
        for image, result in zip(IMAGES, flipped, strict=True)
    ]
    assert 15 < sum(mirrored) < 49
    square = np.ones((32, 8, 8, 1), np.float32)
    holes = (np.asarray(Augment(Recipe(cutout=4), (8, 8, 1), seed=1)(square)) == 0).sum((1, 2, 3))
    assert set(holes.tolist()) == {16}


def test_mixing_keeps_labels_that_sum_to_one() -> None:
    labels = np.eye(4, dtype=np.float32)[np.arange(64) % 4]
    images, mixed = Augment(Recipe(mixup=0.4, cutmix=1.0), SHAPE, seed=1).mix(IMAGES, labels)
    assert np.asarray(images).shape == IMAGES.shape
    np.testing.assert_allclose(np.asarray(mixed).sum(-1), 1, rtol=1e-5)
    assert not np.array_equal(mixed, labels)


def test_the_same_seed_draws_the_same() -> None:
    first, again, other = (
        np.asarray(Augment(Recipe(crop_padding=1, flip=True, cutout=2), SHAPE, seed)(IMAGES))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_children_of_a_search_may_be_augmented_too(dataset: Dataset) -> None:
    trainer = TrainerSpec(
        epochs=1, batchsize=16, crop_padding=1, flip=True, warmup_epochs=0.5, clip_norm=1.0
    )
    manager = NetworkManager(dataset, network=NetworkSpec(filters=2), trainer=trainer)
    cell = Cell.parse("(-1, identity, -1, 3x3 maxpool)")
    first, again = (manager.evaluate(cell, seed=1) for _ in range(2))
    assert first.error is None
    assert first.metrics == again.metrics


def test_what_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"trainer.cutout: must be below 6"):
        check_augmentation(Recipe(cutout=6), SHAPE)
    for options in ({"dropout": 0.1}, {"aux_weight": 0.4}, {"mixup": 0.1}, {"patience": 3}):
        with pytest.raises(
            InvalidValue, match=rf"trainer.{next(iter(options))}: must be 0.*task=train"
        ):
            Recipe(**options).check_search_supported()  # type: ignore[arg-type]
    Recipe(crop_padding=2, flip=True, schedule="step", checkpoint_every=5).check_search_supported()
