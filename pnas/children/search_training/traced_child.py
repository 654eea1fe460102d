"""A child with the traced functions that train and validate it, which can be trained again."""

import keras
import tensorflow as tf

from pnas.children.class_balance import balanced_weights
from pnas.children.search_training.evaluation import EVALUATION_BATCH, make_evaluation
from pnas.children.search_training.flat_weights import FlatWeights
from pnas.children.search_training.initial_weights import InitialWeights
from pnas.children.search_training.optimizers import make_optimizer
from pnas.children.search_training.training_step import (
    DeviceData,
    in_one_call,
    make_step,
    step_by_step,
)
from pnas.children.trainer_specs import SearchTrainerSpec, TrainerSpec
from pnas.seeds import derive_seed

COMPILED_STEPS = 5000
"""Steps from which on XLA's compilation (10 s to a minute a child) pays off on a GPU."""


class TracedChild:
    """One child and the functions that a training of it calls.

    Functions are traced when they are first called. They read and change variables only, so that a
    child whose variables are as a new one's is a new one.

    Attributes:
        weights: Weights of the child.
        data: What it is trained and validated on.
        microbatches: Number of equal parts of a batch.
        steps: Runs several training steps, see `in_one_call`.
        validate: Evaluates the weights on the validation part.

    Args:
        model: Model of the child, right after it was built with ``seed``.
        data: What it is trained and validated on.
        trainer: Settings of the training. Its epochs and its schedule may be others in each one.
        seed: Seed of the weights and of augmentation.
        microbatches: Number of equal parts of a batch; None means the trainer's.
    """

    def __init__(
        self,
        model: keras.Model,
        data: DeviceData,
        trainer: SearchTrainerSpec,
        seed: int,
        microbatches: int | None = None,
    ) -> None:
        self.weights = FlatWeights(model)
        self.data = data
        self.microbatches = microbatches or trainer.accumulate
        self._trainer = trainer
        self._optimizer = make_optimizer(trainer)
        self._augmentation = _make_augmentation(trainer, data, seed)
        self._initial = InitialWeights(model, seed)
        step = make_step(
            self.weights,
            data,
            self._optimizer,
            jit_compile=is_compiled(trainer, len(data.x_train)),
            microbatches=self.microbatches,
            augment=self._augmentation,
            class_weights=_class_weights(trainer, data),
        )
        # An accumulated step is several calls, so that only one microbatch is in memory at a time.
        self.steps = in_one_call(step) if self.microbatches == 1 else step_by_step(step)
        # Where memory is short in training, it may be short for a larger batch in evaluation too.
        evaluation_batch = max(1, EVALUATION_BATCH // self.microbatches)
        self.validate = make_evaluation(self.weights, data.x_val, data.y_val, evaluation_batch)

    @property
    def variables(self) -> list[keras.Variable]:
        """All that a step changes."""
        variables = [self.weights.trainable, self.weights.state, *self._optimizer.variables]
        if self._augmentation is not None:
            variables += self._augmentation.variables
        return variables

    @property
    def can_restart(self) -> bool:
        """Whether `restart` gives a child that is like a new one in every bit."""
        return self._initial.is_known

    def restart(self, seed: int) -> None:
        """Give every variable the value that it has in a new child.

        Args:
            seed: Seed of the weights and of augmentation.
        """
        self._initial.set_seed(seed)
        self.weights.initialize()
        optimizer = make_optimizer(self._trainer)
        optimizer.build([self.weights.trainable])
        _copy_values(optimizer.variables, self._optimizer.variables)

        augmentation = _make_augmentation(self._trainer, self.data, seed)
        if augmentation is not None and self._augmentation is not None:
            _copy_values(augmentation.variables, self._augmentation.variables)


def is_compiled(trainer: TrainerSpec, examples: int) -> bool:
    """Return whether XLA compiles the training step of a child."""
    if trainer.jit_compile != "auto":
        return trainer.jit_compile == "on"
    steps = trainer.epochs * (examples // trainer.batchsize)
    return steps >= COMPILED_STEPS and bool(tf.config.get_visible_devices("GPU"))


def _copy_values(source: list[keras.Variable], target: list[keras.Variable]) -> None:
    for new, old in zip(source, target, strict=True):
        old.assign(new.value)


def _class_weights(trainer: SearchTrainerSpec, data: DeviceData) -> tf.Tensor | None:
    if trainer.class_weights == "none":
        return None
    labels = data.y_train.numpy()
    return tf.constant(balanced_weights(labels, num_classes=labels.max() + 1))


def _make_augmentation(
    trainer: SearchTrainerSpec, data: DeviceData, seed: int
) -> keras.Layer | None:
    if not trainer.augments:
        return None
    from pnas.children.augmentation import ImageAugmentation

    image_shape = tuple(data.x_train.shape[1:])
    return ImageAugmentation(trainer, image_shape, derive_seed(seed, "augment"))
