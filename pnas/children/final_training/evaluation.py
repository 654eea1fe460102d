"""A trained child, loaded from its weights, and its loss and accuracy."""

from pathlib import Path

import keras
import numpy as np

from pnas.children.child_weights import load_weights
from pnas.children.final_training.batches import evaluation_batches, reading_errors
from pnas.children.network.keras_layers import build_model
from pnas.children.network.layers import Shape
from pnas.children.network_specs import NetworkSpec
from pnas.data import Part
from pnas.records.training_record import MEMBER_WEIGHTS
from pnas.state_space import Cell
from pnas.state_space.isomorphism.canonical import canonical_form


def load_child(
    cell: Cell, network: NetworkSpec, image_shape: Shape, num_classes: int, path: Path
) -> keras.Model:
    """Return the child of ``cell`` with the weights at ``path``, or in the folder ``path``.

    Raises:
        InvalidValue: No readable weights, or those of another cell, network or number of classes.
    """
    weights_path = path / MEMBER_WEIGHTS if path.is_dir() else path
    model = build_model(canonical_form(cell), network, image_shape, num_classes)
    load_weights(model, weights_path)
    return model


def measure(model: keras.Model, part: Part, microbatches: int = 1) -> tuple[float, float]:
    """Return the mean cross-entropy and the accuracy of ``model`` on all of ``part``.

    Args:
        model: The model.
        part: Part of the data set.
        microbatches: Equal parts that a batch was trained in, to need less memory.
    """
    num_classes = model.output.shape[-1]
    loss = 0.0
    hits = 0.0
    with reading_errors():
        for images, labels in evaluation_batches(part, num_classes, microbatches):
            logits = model(images, training=False)
            losses = keras.losses.categorical_crossentropy(labels, logits, from_logits=True)
            loss += float(np.sum(losses))
            is_hit = np.argmax(logits, -1) == np.argmax(labels, -1)
            hits += float(np.sum(is_hit))

    examples = len(part.labels)
    return loss / examples, hits / examples
