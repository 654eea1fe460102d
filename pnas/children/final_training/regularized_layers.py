"""The layers of a child in a long training: drop-path, dropout and weight decay included."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from pnas.children.network.keras_layers import KerasLayers
from pnas.children.spec import NetworkSpec, TrainerSpec
from pnas.seeds import derive_seed

Tensor = Any
Progress = Callable[[], Tensor]
"""The share of the training that is over, in [0, 1]."""


class FinalLayers(KerasLayers):
    """`KerasLayers` that regularise as ``trainer`` says.

    Args:
        network: what surrounds the cell.
        trainer: has the rates.
        seed: of what is dropped.
        progress: by which drop-path grows.
        synchronized: share the statistics of batch normalization among the replicas of a strategy.
    """

    def __init__(
        self,
        network: NetworkSpec,
        trainer: TrainerSpec,
        seed: int,
        progress: Progress,
        synchronized: bool = False,
    ) -> None:
        decay = 0.0 if trainer.optimizer == "adamw" else trainer.weight_decay
        super().__init__(network, trainer.mixed_precision, decay)
        self._trainer = trainer
        self._seed = seed
        self._progress = progress
        if synchronized:
            self.norm_class = partial(keras.layers.BatchNormalization, synchronized=True)  # type: ignore[misc,assignment]

    def drop_path(self, x: Tensor, depth: float) -> Tensor:
        drop = depth * (1 - self._trainer.drop_path_keep)
        if not drop:
            return x
        options = self._named("drop_path")
        return DropPath(drop, self._progress, derive_seed(self._seed, options["name"]), **options)(
            x
        )

    def dropout(self, x: Tensor) -> Tensor:
        if not self._trainer.dropout:
            return x
        return keras.layers.Dropout(self._trainer.dropout, seed=derive_seed(self._seed, "dropout"))(
            x
        )


class DropPath(keras.layers.Layer):
    """In training, zeros for some of the examples; the others are scaled up, so that the mean stays.

    Scheduled as in the NASNet recipe: the probability grows linearly over the training up to ``drop``.
    """

    def __init__(self, drop: float, progress: Progress, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.drop = drop
        self._progress = progress
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training:
            return x
        keep = 1.0 - self.drop * self._progress()
        drawn = keras.random.uniform(
            (keras.ops.shape(x)[0], 1, 1, 1), seed=self.seed_generator, dtype="float32"
        )
        scale = keras.ops.where(drawn < keep, 1.0 / keep, 0.0)
        return x * keras.ops.cast(scale, x.dtype)
