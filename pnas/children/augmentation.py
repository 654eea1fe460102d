"""Random changes of images (and labels) before a training step, in its graph.

Images are normalised by then, so zeros at their edges and in their holes are the mean pixel.
"""

import math
from typing import Any

import keras

from pnas.children.trainer_specs import FinalTrainerSpec, TrainerSpec, check_augmentation
from pnas.seeds import derive_seed

Tensor = Any


class ImageAugmentation(keras.layers.Layer):
    """Shifts, mirrors and cuts out each image by itself, sampled anew at every call.

    Args:
        trainer: Which changes, and how large they may be.
        image_shape: Height, width and channels of an image.
        seed: Seed of the random changes.
    """

    def __init__(self, trainer: TrainerSpec, image_shape: tuple[int, int, int], seed: int) -> None:
        super().__init__(name="augment")
        check_augmentation(trainer, image_shape)
        self._changes: list[keras.layers.Layer] = []
        if trainer.crop_padding:
            crop = PadAndCrop(trainer.crop_padding, derive_seed(seed, "crop"))
            self._changes.append(crop)
        if trainer.flip:
            flip = keras.layers.RandomFlip("horizontal", seed=derive_seed(seed, "flip"))
            self._changes.append(flip)
        if trainer.cutout:
            cutout = SquareErasing(trainer.cutout, image_shape, derive_seed(seed, "cutout"))
            self._changes.append(cutout)
        # Nothing here has weights.
        self.built = True

    def call(self, images: Tensor) -> Tensor:
        """Return the changed images, (batch, height, width, channels)."""
        for change in self._changes:
            images = change(images, training=True)
        return images


class BatchMixing(keras.layers.Layer):
    """Blends images of a batch with each other (MixUp, CutMix), and their labels likewise.

    Args:
        trainer: Parameters of MixUp and CutMix.
        seed: Seed of what is blended with what, and how strongly.
    """

    def __init__(self, trainer: FinalTrainerSpec, seed: int) -> None:
        super().__init__(name="mix")
        self._mixers: list[keras.layers.Layer] = []
        if trainer.mixup:
            mixup = keras.layers.MixUp(trainer.mixup, seed=derive_seed(seed, "mixup"))
            self._mixers.append(mixup)
        if trainer.cutmix:
            cutmix = _make_cutmix(trainer.cutmix, derive_seed(seed, "cutmix"))
            self._mixers.append(cutmix)
        self.built = True

    def call(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the blended images and labels.

        Args:
            images: Images, (batch, height, width, channels).
            labels: One-hot labels, (batch, classes).
        """
        data = {"images": images, "labels": labels}
        for mixer in self._mixers:
            data = mixer(data, training=True)
        return data["images"], data["labels"]


class PadAndCrop(keras.layers.Layer):
    """Shifts every image by up to ``padding`` pixels along both axes and pads it with zeros.

    Keras's RandomCrop shifts all images of a batch alike.
    """

    def __init__(self, padding: int, seed: int) -> None:
        super().__init__()
        self.padding = padding
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Tensor, training: bool = False) -> Tensor:
        """Return the shifted images; outside of training, the images as they are."""
        if not training:
            return images

        ops = keras.ops
        height, width = images.shape[1:3]
        margins = (self.padding, self.padding)
        padded = ops.pad(images, ((0, 0), margins, margins, (0, 0)))

        # The first pixel of each image's window, from 0 to twice the padding, by axis.
        examples = ops.shape(images)[0]
        end = 2 * self.padding + 1
        starts = keras.random.randint((2, examples), 0, end, seed=self.seed_generator)
        rows = starts[0][:, None] + ops.arange(height)
        columns = starts[1][:, None] + ops.arange(width)

        cropped = ops.take_along_axis(padded, rows[:, :, None, None], axis=1)
        return ops.take_along_axis(cropped, columns[:, None, :, None], axis=2)


class SquareErasing(keras.layers.RandomErasing):
    """Puts a square of zeros into each image.

    Keras erases rectangles with the proportions of the image.

    Args:
        side: Side of the square in pixels.
        image_shape: Height, width and channels of an image.
        seed: Seed of where the squares are.
    """

    def __init__(self, side: int, image_shape: tuple[int, int, int], seed: int) -> None:
        height, width, _ = image_shape
        # Keras samples rectangles by their share of the image; a range of one value is a fixed one.
        share = side**2 / (height * width)
        super().__init__(factor=(1.0, 1.0), scale=(share, share), fill_value=0.0, seed=seed)
        self._mean_length = math.sqrt(height * width)

    def _compute_crop_bounds(
        self, batch_size: Any, image_length: Any, crop_ratio: Tensor, seed: Any
    ) -> tuple[Tensor, Tensor]:
        of_square = crop_ratio * (self._mean_length / image_length)
        bounds: tuple[Tensor, Tensor] = super()._compute_crop_bounds(
            batch_size, image_length, of_square, seed
        )
        return bounds


def _make_cutmix(parameter: float, seed: int) -> keras.layers.Layer:
    """Return CutMix by the beta distribution with ``parameter`` for both of its parameters.

    Keras takes a number for the upper end of a range, from which it samples the parameter of each
    batch, and no range that goes beyond 1.
    """
    layer = keras.layers.CutMix(seed=seed)
    layer.factor = (parameter, parameter)
    return layer
