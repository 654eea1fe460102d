"""The layers of a child in a final training: drop-path, dropout and weight decay included."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from pnas.children.network.keras_layers import KerasLayers
from pnas.children.network_specs import NetworkSpec
from pnas.children.trainer_specs import FinalTrainerSpec
from pnas.seeds import derive_seed

Tensor = Any

Fraction = Callable[[], Tensor]
"""Returns the fraction of the training that is over, in [0, 1]."""


class RegularizedLayers(KerasLayers):
    """`KerasLayers` with the regularization of a final training.

    Args:
        network: Settings of the network around the cell.
        trainer: Settings of drop-path, dropout and weight decay.
        seed: Seed of what is dropped.
        fraction_done: Fraction of the training that is over, with which drop-path grows.
        is_synchronized: Whether batch normalization shares its statistics among the replicas of a
            distribution strategy.
    """

    def __init__(
        self,
        network: NetworkSpec,
        trainer: FinalTrainerSpec,
        seed: int,
        fraction_done: Fraction,
        is_synchronized: bool = False,
    ) -> None:
        # With AdamW the optimizer itself decays the weights.
        weight_decay = 0.0 if trainer.optimizer == "adamw" else trainer.weight_decay
        super().__init__(network, trainer.mixed_precision, weight_decay)
        self._trainer = trainer
        self._seed = seed
        self._fraction_done = fraction_done
        if is_synchronized:
            synchronized = partial(keras.layers.BatchNormalization, synchronized=True)
            self.norm_class = synchronized  # type: ignore[misc,assignment]

    def drop_path(self, x: Tensor, depth: float) -> Tensor:
        drop = depth * (1 - self._trainer.drop_path_keep)
        if not drop:
            return x
        options = self._name_and_type("drop_path")
        seed = derive_seed(self._seed, options["name"])
        return DropPath(drop, self._fraction_done, seed, **options)(x)

    def dropout(self, x: Tensor) -> Tensor:
        if not self._trainer.dropout:
            return x
        seed = derive_seed(self._seed, "dropout")
        return keras.layers.Dropout(self._trainer.dropout, seed=seed)(x)


class DropPath(keras.layers.Layer):
    """In training, zeros for some of the examples; the others are scaled up to keep the mean.

    As in NASNet (Zoph et al. 2018, appendix A.7), the probability grows linearly over the training.

    Args:
        drop: Probability at the end of the training.
        fraction_done: Fraction of the training that is over.
        seed: Seed of what is dropped.
        options: Options of the layer.
    """

    def __init__(self, drop: float, fraction_done: Fraction, seed: int, **options: Any) -> None:
        super().__init__(**options)
        self.drop = drop
        self._fraction_done = fraction_done
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Return ``x`` with some examples dropped; outside of training, ``x`` itself."""
        if not training:
            return x
        keep = 1.0 - self.drop * self._fraction_done()
        # One number an example: its whole path is kept or dropped.
        shape = (keras.ops.shape(x)[0], 1, 1, 1)
        sampled = keras.random.uniform(shape, seed=self.seed_generator, dtype="float32")
        scale = keras.ops.where(sampled < keep, 1.0 / keep, 0.0)
        return x * keras.ops.cast(scale, x.dtype)
