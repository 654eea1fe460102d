"""Random changes of images (and labels) before a training step, in its graph.

Images are normalised by then, so that zeros at their edges and in their holes are the mean pixel.
"""

from typing import Any

import keras

from pnas.children.recipe import Recipe, check_augmentation
from pnas.seeds import derive_seed

Tensor = Any


class Augment(keras.layers.Layer):
    """What ``recipe`` asks for, drawn anew for every image from ``seed``.

    Images are (batch, height, width, channels). Labels, one-hot, are needed by `mix` only.
    """

    def __init__(self, recipe: Recipe, image_shape: tuple[int, int, int], seed: int) -> None:
        super().__init__(name="augment")
        check_augmentation(recipe, image_shape)
        layers: list[keras.layers.Layer] = []
        if recipe.crop_padding:
            layers.append(PadAndCrop(recipe.crop_padding, derive_seed(seed, "crop")))
        if recipe.flip:
            layers.append(keras.layers.RandomFlip("horizontal", seed=derive_seed(seed, "flip")))
        if recipe.cutout:
            # Keras draws rectangles by their share of the image; a range of one value is a fixed size.
            share = recipe.cutout**2 / (image_shape[0] * image_shape[1])
            options = {"factor": (1.0, 1.0), "scale": (share, share), "fill_value": 0.0}
            layers.append(keras.layers.RandomErasing(**options, seed=derive_seed(seed, "cutout")))
        mixers: list[keras.layers.Layer] = []
        if recipe.mixup:
            mixers.append(keras.layers.MixUp(recipe.mixup, seed=derive_seed(seed, "mixup")))
        if recipe.cutmix:
            mixers.append(keras.layers.CutMix(recipe.cutmix, seed=derive_seed(seed, "cutmix")))
        self._each = layers
        self._mixers = mixers
        self.built = True  # nothing here has weights

    def call(self, images: Tensor) -> Tensor:
        """Each image changed by itself: shifted, mirrored, cut out."""
        for layer in self._each:
            images = layer(images, training=True)
        return images

    def mix(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Images blended with others of the batch, and their labels (batch, classes) likewise."""
        data = {"images": images, "labels": labels}
        for layer in self._mixers:
            data = layer(data, training=True)
        return data["images"], data["labels"]


class PadAndCrop(keras.layers.Layer):
    """Every image shifted by up to ``padding`` pixels along both axes, zeros coming in.

    Keras's RandomCrop takes all images of a batch from the same place.
    """

    def __init__(self, padding: int, seed: int) -> None:
        super().__init__()
        self.padding = padding
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Tensor, training: bool = False) -> Tensor:
        if not training:
            return images
        pad = self.padding
        ops = keras.ops
        height, width = images.shape[1:3]
        padded = ops.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        examples = ops.shape(images)[0]
        starts = keras.random.randint((2, examples), 0, 2 * pad + 1, seed=self.seed_generator)
        rows = starts[0][:, None] + ops.arange(height)
        columns = starts[1][:, None] + ops.arange(width)
        shifted = ops.take_along_axis(padded, rows[:, :, None, None], axis=1)
        return ops.take_along_axis(shifted, columns[:, None, :, None], axis=2)
