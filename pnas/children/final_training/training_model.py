"""A child as Keras trains it: augmentation, auxiliary head and label smoothing in its step."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pnas.children.augmentation import BatchMixing, ImageAugmentation
from pnas.children.final_training.balanced_accuracy import BalancedAccuracy
from pnas.children.final_training.regularized_layers import RegularizedLayers
from pnas.children.network.builder import build_network
from pnas.children.network.keras_layers import build_model
from pnas.children.network.layers import Shape
from pnas.children.network_specs import NetworkSpec
from pnas.children.trainer_specs import FinalTrainerSpec
from pnas.seeds import derive_seed
from pnas.state_space import Cell

Tensor = Any


@dataclass(frozen=True)
class ModelSpec:
    """What decides the architecture of a child.

    Attributes:
        cell: Cell to stack, in its canonical form.
        network: Settings of the network around it.
        image_shape: Height, width and channels of the images.
        num_classes: Number of classes.
    """

    cell: Cell
    network: NetworkSpec
    image_shape: Shape
    num_classes: int


class FinalModel(keras.Model):
    """A child in a final training, with one-hot labels.

    Its input are images, (batch, height, width, channels); its output is
    ``{"logits": ..., "aux_logits": ...}``, the latter with an auxiliary head only.

    The loss of a training step is the cross-entropy (of smoothed labels), plus that of the
    auxiliary head, plus weight decay. In evaluation it is the cross-entropy alone.
    """

    trainer: FinalTrainerSpec
    augment: ImageAugmentation
    mix: BatchMixing
    class_weights: NDArray[np.float32] | None

    def train_step(self, data: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        images, labels = data
        mixed_images, mixed_labels = self.mix(self.augment(images), labels)
        return super().train_step((mixed_images, mixed_labels))

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Any = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        if not training:
            cross_entropy = keras.losses.CategoricalCrossentropy(from_logits=True)
            return cross_entropy(y, y_pred["logits"])

        smoothed_cross_entropy = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=self.trainer.label_smoothing
        )
        weights = None
        if self.class_weights is not None:
            # Of a mixed label, the weights of its classes in their shares.
            weights = keras.ops.sum(y * self.class_weights, axis=-1)
        loss = smoothed_cross_entropy(y, y_pred["logits"], sample_weight=weights)
        if "aux_logits" in y_pred:
            aux_loss = smoothed_cross_entropy(y, y_pred["aux_logits"], sample_weight=weights)
            loss = loss + self.trainer.aux_weight * aux_loss
        for penalty in self.losses:
            loss = loss + self._aggregate_additional_loss(penalty)
        return loss

    def compute_metrics(
        self, x: Tensor, y: Tensor, y_pred: Any, sample_weight: Tensor = None
    ) -> dict[str, Tensor]:
        return super().compute_metrics(x, y, y_pred["logits"], sample_weight)


def build_final(
    spec: ModelSpec,
    trainer: FinalTrainerSpec,
    optimizer: keras.optimizers.Optimizer,
    total_steps: int,
    seed: int,
    replicas: int = 1,
    jit_compile: bool = False,
    class_weights: NDArray[np.float32] | None = None,
) -> FinalModel:
    """Return the child of ``spec``, compiled with ``optimizer``. Seeds the process.

    Args:
        spec: Architecture of the child.
        trainer: Settings of the training.
        optimizer: Changes the weights.
        total_steps: Batches of the whole training, over which drop-path grows.
        seed: Seed of weights, augmentation and what is dropped.
        replicas: Number of replicas of the distribution strategy in whose scope this is called.
        jit_compile: Whether XLA compiles the steps.
        class_weights: Weight of an example in the loss by its class, (classes,); None means 1.

    Raises:
        InvalidValue: Images too small for the network or its auxiliary head.
    """
    keras.utils.set_random_seed(seed)
    inner_optimizer = getattr(optimizer, "inner_optimizer", optimizer)

    def fraction_done() -> Tensor:
        fraction = keras.ops.cast(inner_optimizer.iterations, "float32") / total_steps
        return keras.ops.minimum(fraction, 1.0)

    layers = RegularizedLayers(
        spec.network,
        trainer,
        seed=derive_seed(seed, "drop"),
        fraction_done=fraction_done,
        is_synchronized=replicas > 1,
    )
    image = keras.Input(spec.image_shape, name="image")
    heads = build_network(
        layers,
        image,
        spec.cell,
        spec.network,
        spec.num_classes,
        aux_head=trainer.aux_weight > 0,
    )
    outputs = {"logits": heads.logits}
    if heads.aux_logits is not None:
        outputs["aux_logits"] = heads.aux_logits

    model = FinalModel(image, outputs, name="final")
    model.trainer = trainer
    augment_seed = derive_seed(seed, "augment")
    model.augment = ImageAugmentation(trainer, spec.image_shape, augment_seed)
    model.mix = BatchMixing(trainer, augment_seed)
    model.class_weights = class_weights
    metrics: list[keras.metrics.Metric] = [keras.metrics.CategoricalAccuracy(name="accuracy")]
    if trainer.reward_metric == "balanced_accuracy":
        metrics.append(BalancedAccuracy(spec.num_classes))
    model.compile(optimizer, metrics=metrics, jit_compile=jit_compile)
    return model


def plain_copy(model: keras.Model, spec: ModelSpec) -> keras.Model:
    """Return the child as `build_model` makes it, with the weights that ``model`` has learned.

    The parts that exist during training only are left out.
    """
    plain = build_model(spec.cell, spec.network, spec.image_shape, spec.num_classes)
    for layer in plain.layers:
        if layer.weights:
            trained = model.get_layer(layer.name)
            layer.set_weights(trained.get_weights())
    return plain
