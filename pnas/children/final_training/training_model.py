"""A child as Keras trains it: augmentation, auxiliary head and label smoothing in its training step."""

from typing import Any

import keras

from pnas.children.augmentation import Augment
from pnas.children.final_training.regularized_layers import FinalLayers
from pnas.children.network.builder import build_network
from pnas.children.network.keras_layers import build_model
from pnas.children.network.layers import Shape
from pnas.children.spec import NetworkSpec, TrainerSpec
from pnas.seeds import derive_seed
from pnas.state_space import Cell

Tensor = Any


class FinalModel(keras.Model):
    """Images (batch, height, width, channels) -> ``{"logits": ..., "aux_logits": ...}``; one-hot labels to learn from.

    The loss of a training step is the cross-entropy (of smoothed labels), plus that of the auxiliary head, plus weight
    decay; in evaluation it is the cross-entropy alone.
    """

    augment: Augment
    trainer: TrainerSpec

    def train_step(self, data: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        images, labels = data
        images, labels = self.augment.mix(self.augment(images), labels)
        return super().train_step((images, labels))

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Any = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        if not training:
            return keras.losses.CategoricalCrossentropy(from_logits=True)(y, y_pred["logits"])
        smoothing = self.trainer.label_smoothing
        cross_entropy = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=smoothing
        )
        loss = cross_entropy(y, y_pred["logits"])
        if "aux_logits" in y_pred:
            loss = loss + self.trainer.aux_weight * cross_entropy(y, y_pred["aux_logits"])
        for penalty in self.losses:
            loss = loss + self._aggregate_additional_loss(penalty)
        return loss

    def compute_metrics(
        self, x: Tensor, y: Tensor, y_pred: Any, sample_weight: Tensor = None
    ) -> dict[str, Tensor]:
        return super().compute_metrics(x, y, y_pred["logits"], sample_weight)


def build_final(
    cell: Cell,
    network: NetworkSpec,
    trainer: TrainerSpec,
    image_shape: Shape,
    num_classes: int,
    optimizer: keras.optimizers.Optimizer,
    total_steps: int,
    seed: int,
    replicas: int = 1,
    compiled: bool = False,
) -> FinalModel:
    """The child that stacks ``cell``, compiled with ``optimizer``. Seeds the process.

    Args:
        total_steps: batches of the whole training, over which drop-path grows.
        replicas: of the strategy in whose scope this is called.
        compiled: whether XLA compiles its steps.

    Raises:
        InvalidValue: images too small for the network or its auxiliary head.
    """
    keras.utils.set_random_seed(seed)
    inner = getattr(optimizer, "inner_optimizer", optimizer)

    def progress() -> Tensor:
        done = keras.ops.cast(inner.iterations, "float32") / total_steps
        return keras.ops.minimum(done, 1.0)

    image = keras.Input(image_shape, name="image")
    layers = FinalLayers(
        network, trainer, derive_seed(seed, "drop"), progress, synchronized=replicas > 1
    )
    heads = build_network(
        layers, image, cell, network, num_classes, aux_head=trainer.aux_weight > 0
    )
    outputs = {
        "logits": heads.logits,
        **({"aux_logits": heads.aux_logits} if heads.aux_logits is not None else {}),
    }
    model = FinalModel(image, outputs, name="final")
    model.trainer = trainer
    model.augment = Augment(trainer, image_shape, derive_seed(seed, "augment"))
    model.compile(
        optimizer,
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=compiled,
    )
    return model


def plain_copy(
    model: keras.Model, cell: Cell, network: NetworkSpec, image_shape: Shape, num_classes: int
) -> keras.Model:
    """The child as `build_model` makes it, with the weights that ``model`` has learned: no training-only parts."""
    plain = build_model(cell, network, image_shape, num_classes)
    for layer in plain.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return plain
