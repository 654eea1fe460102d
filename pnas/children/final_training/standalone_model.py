"""A trained child as a model of its own: raw pixels in, probabilities out.

It is made of standard Keras layers, so whoever loads the files needs Keras, TensorFlow or ONNX
Runtime, and nothing of this project.
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pnas.children.network.builder import build_network
from pnas.children.network.keras_layers import KerasLayers
from pnas.children.network.layers import Shape
from pnas.children.network_specs import NetworkSpec
from pnas.state_space import Cell
from pnas.state_space.isomorphism.canonical import canonical_form

Tensor = Any

Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From raw images, (n, height, width, channels), to probabilities, (n, classes)."""


class StandardLayers(KerasLayers):
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
    """Return ``child`` with its normalization before it and a softmax after it.

    Args:
        child: Trained child.
        cell: Its cell.
        network: Settings of the network around the cell.
        image_shape: Height, width and channels of the images.
        num_classes: Number of classes.
        mean: Mean of each channel of the raw images that it was trained on; None without
            normalization.
        std: Standard deviation of each channel; None without normalization.
    """
    model = untrained_serving_model(cell, network, image_shape, num_classes, mean, std)
    for layer in child.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


def untrained_serving_model(
    cell: Cell,
    network: NetworkSpec,
    image_shape: Shape,
    num_classes: int,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> keras.Model:
    """Return a model that is exported as that of a trained child is; see `serving_model`."""
    image = keras.Input(image_shape, name="image")
    x: Tensor = image
    if mean is not None and std is not None:
        x = _normalization(mean, std)(image)
    layers = StandardLayers(network)
    heads = build_network(layers, x, canonical_form(cell), network, num_classes)
    probabilities = keras.layers.Softmax(name="probabilities")(heads.logits)
    return keras.Model(image, probabilities, name="pnas")


def _normalization(mean: Sequence[float], std: Sequence[float]) -> keras.layers.Layer:
    """Return the layer that computes (image - mean) / std.

    It is a Rescaling, because tf2onnx does not find the constants of Keras's Normalization, which
    are inputs of its graph.
    """
    scale = [1 / value for value in std]
    offset = []
    for channel_mean, channel_scale in zip(mean, scale, strict=True):
        offset.append(-channel_mean * channel_scale)
    return keras.layers.Rescaling(scale, offset, name="normalise")


def predictor(model: keras.Model) -> Predict:
    """Return `Predict` by ``model`` itself."""
    return lambda images: np.asarray(model(images, training=False))


def write_keras(model: keras.Model, folder: Path) -> Predict:
    """Write ``model.keras``; return `Predict` by what is read back from it."""
    path = folder / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path, compile=False, safe_mode=True)
    return predictor(loaded)


def write_savedmodel(model: keras.Model, folder: Path) -> Predict:
    """Write ``saved_model/``; return `Predict` by what TensorFlow reads back from it."""
    import tensorflow as tf

    path = folder / "saved_model"
    model.export(path, verbose=False)
    served = tf.saved_model.load(str(path))
    return lambda images: np.asarray(served.serve(images))


def write_onnx(model: keras.Model, folder: Path, threads: int = 0) -> Predict:
    """Write ``model.onnx``; return `Predict` by ONNX Runtime.

    Args:
        model: Model to write.
        folder: Folder to write to.
        threads: Threads of an inference; 0 for as many as ONNX Runtime takes by itself.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Keras exports a model only after it was called once.
    model(np.zeros((1, *model.input_shape[1:]), np.float32))
    path = folder / "model.onnx"
    with warnings.catch_warnings():
        # Keras looks for a name that NumPy has removed.
        warnings.simplefilter("ignore", FutureWarning)
        model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    input_name = session.get_inputs()[0].name

    def predict(images: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs = session.run(None, {input_name: images})
        return np.asarray(outputs[0])

    return predict


WRITERS: dict[str, Callable[[keras.Model, Path], Predict]] = {
    "keras": write_keras,
    "savedmodel": write_savedmodel,
    "onnx": write_onnx,
}
"""The writer of each format of ``task.formats``; MLflow's is in `pnas.tracking`."""
