"""A trained child as a model that stands alone: raw pixels in, probabilities out, standard Keras layers only.

Whoever loads the files needs Keras, TensorFlow or ONNX Runtime, and nothing of this project.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pnas.children.network.builder import build_network
from pnas.children.network.keras_layers import KerasLayers
from pnas.children.network.layers import Shape
from pnas.children.spec import NetworkSpec
from pnas.state_space import Cell
from pnas.state_space.isomorphism.canonical import canonical_form

Tensor = Any
Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Raw images (n, height, width, channels) -> probabilities (n, classes)."""


class StockLayers(KerasLayers):
    """`KerasLayers` made of Keras's own layers."""

    conv_class = keras.layers.Conv2D
    separable_class = keras.layers.SeparableConv2D
    norm_class = keras.layers.BatchNormalization

    def shift(self, x: Tensor) -> Tensor:
        x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
        return keras.layers.Cropping2D(((1, 0), (1, 0)))(x)


def serving_model(
    child: keras.Model,
    cell: Cell,
    network: NetworkSpec,
    image_shape: Shape,
    num_classes: int,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> keras.Model:
    """The trained ``child`` of ``cell`` with its normalisation before it and a softmax after it.

    Args:
        mean, std: of each channel of the raw images that ``child`` was trained on; None if it saw them as they were.
    """
    image = keras.Input(image_shape, name="image")
    x: Tensor = image
    if mean is not None and std is not None:
        # Not Normalization: its constants are inputs of the graph, which tf2onnx does not find.
        scale = [1 / value for value in std]
        offset = [-m * s for m, s in zip(mean, scale, strict=True)]
        x = keras.layers.Rescaling(scale, offset, name="normalise")(image)
    heads = build_network(StockLayers(network), x, canonical_form(cell), network, num_classes)
    probabilities = keras.layers.Softmax(name="probabilities")(heads.logits)
    model = keras.Model(image, probabilities, name="pnas")
    for layer in child.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


def predictor(model: keras.Model) -> Predict:
    """`Predict` by ``model`` itself."""
    return lambda images: np.asarray(model(images, training=False))


def write_keras(model: keras.Model, folder: Path) -> Predict:
    """``model.keras``, and `Predict` by what is read back from it."""
    model.save(folder / "model.keras")
    return predictor(keras.saving.load_model(folder / "model.keras", compile=False, safe_mode=True))


def write_savedmodel(model: keras.Model, folder: Path) -> Predict:
    """``saved_model/``, and `Predict` by what TensorFlow reads back from it."""
    import tensorflow as tf

    model.export(folder / "saved_model", verbose=False)
    served = tf.saved_model.load(str(folder / "saved_model"))
    return lambda images: np.asarray(served.serve(images))


def write_onnx(model: keras.Model, folder: Path) -> Predict:
    """``model.onnx``, and `Predict` by ONNX Runtime."""
    import onnxruntime

    model(np.zeros((1, *model.input_shape[1:]), np.float32))  # Keras wants it called once
    model.export(folder / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda images: np.asarray(session.run(None, {name: images})[0])


WRITERS: dict[str, Callable[[keras.Model, Path], Predict]] = {
    "keras": write_keras,
    "savedmodel": write_savedmodel,
    "onnx": write_onnx,
}
"""What writes each format of ``task.formats``; `pnas.tracking.model_registration` writes MLflow's."""
