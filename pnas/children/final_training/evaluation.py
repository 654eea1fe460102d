"""A trained child back from its weights, and what it is worth."""

from pathlib import Path

import keras
import numpy as np

from pnas.children.child_weights import load_weights
from pnas.children.final_training.batches import evaluation_batches
from pnas.children.network.keras_layers import build_model
from pnas.children.network.layers import Shape
from pnas.children.spec import NetworkSpec
from pnas.data import Part
from pnas.records.training_record import MEMBER_WEIGHTS
from pnas.state_space import Cell
from pnas.state_space.isomorphism.canonical import canonical_form


def load_child(
    cell: Cell, network: NetworkSpec, image_shape: Shape, num_classes: int, path: Path
) -> keras.Model:
    """The child of ``cell`` with the weights at ``path``, or in the folder ``path``.

    Raises:
        InvalidValue: no readable weights there, or those of another cell, network or number of classes.
    """
    model = build_model(canonical_form(cell), network, image_shape, num_classes)
    load_weights(model, path / MEMBER_WEIGHTS if path.is_dir() else path)
    return model


def measure(model: keras.Model, part: Part) -> tuple[float, float]:
    """Mean cross-entropy and accuracy of ``model`` on all of ``part``."""
    loss = hits = 0.0
    for images, labels in evaluation_batches(part, model.output.shape[-1]):
        logits = model(images, training=False)
        losses = keras.losses.categorical_crossentropy(labels, logits, from_logits=True)
        loss += float(np.sum(losses))
        hits += float(np.sum(np.argmax(logits, -1) == np.argmax(labels, -1)))
    return loss / len(part.labels), hits / len(part.labels)
