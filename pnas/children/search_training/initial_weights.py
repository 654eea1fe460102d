"""The initial weights that a model has with another seed, without building it again."""

import random
from collections.abc import Iterable
from typing import Any

import keras

_LARGEST_SEED = 10**9
"""Largest seed that Keras draws for an initializer without one, from Python's generator."""


class InitialWeights:
    """Gives the variables of a model the initial values of any seed.

    Keras draws the seed of each initializer when a layer is made, in the order of the layers, from
    the generator that `keras.utils.set_random_seed` seeds. Which draw is whose is found in the
    model at hand, and not assumed: where a seed is not among those drawn, nothing is known.

    Args:
        model: A model whose variables were not made (`keras.StatelessScope`), so that their values
            are what their initializers say.
        seed: Seed that the model was built with, right after it was set.
    """

    def __init__(self, model: keras.Model, seed: int) -> None:
        # None where a variable was made.
        initializers = [variable._initializer for variable in model.variables]
        self._random = _with_seeds(initializers)
        self._places: list[int] | None = None
        if None in initializers:
            return
        drawn = _drawn_seeds(seed, len(self._random))
        seeds = [initializer.seed for initializer in self._random]
        if set(seeds) == set(drawn):
            self._places = [drawn.index(each) for each in seeds]

    @property
    def is_known(self) -> bool:
        """Whether `set_seed` gives the values that a new build would have."""
        return self._places is not None

    def set_seed(self, seed: int) -> None:
        """Give all initializers the seeds that a build with ``seed`` gives them.

        The process is not seeded: TensorFlow would forget its kernels, and a child draws from
        nothing that has no seed of its own.
        """
        assert self._places is not None, "initial weights that are known"
        drawn = _drawn_seeds(seed, len(self._random))
        for initializer, place in zip(self._random, self._places, strict=True):
            initializer.seed = drawn[place]


def _with_seeds(initializers: Iterable[Any]) -> list[Any]:
    """Return those of ``initializers`` that have a seed, each once."""
    found = {}
    for initializer in initializers:
        if hasattr(initializer, "seed"):
            found[id(initializer)] = initializer
    return list(found.values())


def _drawn_seeds(seed: int, count: int) -> list[int]:
    """Return the first ``count`` seeds that initializers draw from Python's generator."""
    generator = random.Random(seed)
    return [generator.randint(1, _LARGEST_SEED) for _ in range(count)]
