"""`Workload`: what a child is trained on, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """What a child is trained on, and for how long.

    Attributes:
        image_shape: Height, width and channels of an image.
        num_classes: Number of classes.
        train_examples: Number of training examples.
        val_examples: Number of validation examples.
        epochs: Number of epochs of a full training.
        batchsize: Number of examples of a batch.
        validations: Number of validations of a full training; None for one after each epoch.
    """

    image_shape: tuple[int, int, int]
    num_classes: int
    train_examples: int
    val_examples: int
    epochs: int
    batchsize: int
    validations: int | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Number of training steps of an epoch."""
        return max(1, self.train_examples // self.batchsize)

    @property
    def validated_share(self) -> float:
        """Share of the epochs after which the network is validated."""
        if self.validations is None:
            return 1.0
        return self.validations / self.epochs
