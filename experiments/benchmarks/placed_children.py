"""Children whose weights are known by their place in the network, and can be taken over by others.

The names of a child's layers are numbers in the order in which they are made, which one block more
shifts. Here they say the cell and the block, or the input, that a layer belongs to.
"""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from pnas.children import NetworkManager
from pnas.children.network.builder import _NetworkBuilder
from pnas.children.network.keras_layers import KerasLayers
from pnas.children.search_training.traced_child import TracedChild
from pnas.state_space import Cell

Weights = dict[str, NDArray[np.float32]]
"""Weights and moving statistics by the place and the name of the layer and of the variable."""

LAYERS = "whole layers"
CHANNELS = "and shared channels"
MORPHISM = "as a morphism"
TAKEOVERS = (LAYERS, CHANNELS, MORPHISM)
"""What a child takes over from its parent.

- Whole layers of the same shape. The others are fresh: those that read a whole cell, whose output
  is wider by the new block (projections of earlier cells but the stem, and the last layer).
- Of those others, also the part that reads what the parent has: its blocks come first.
- The same, and the rest of them is zero: the child begins as the very function of its parent
  (network morphism; Wei et al., 2016, arXiv 1603.01670).
"""

_INPUT_AXIS = -2
"""Axis of the kernel of a 1x1 convolution, or of a dense layer, for the channels it reads."""


class PlacedLayers(KerasLayers):
    """Keras layers named by ``place``, and the order in which they are made there."""

    place = ""

    def _name_and_type(self, kind: str) -> dict[str, str]:
        return super()._name_and_type(f"{self.place}_{kind}")


class PlacedBuilder(_NetworkBuilder[Any]):
    """The builder of children, which says what is being built."""

    _layers: PlacedLayers

    def _stem(self, image: Any) -> Any:
        self._layers.place = "stem"
        return super()._stem(image)

    def _input(self, index: int, look_back: int) -> Any:
        self._layers.place = f"cell_{index}_back_{-look_back}"
        return super()._input(index, look_back)

    def _apply(self, index: int, values: dict[int, Any], source: int, operator: str) -> Any:
        block = sum(number >= 0 for number in values)
        self._layers.place = f"cell_{index}_block_{block}"
        return super()._apply(index, values, source, operator)


class PlacedChild:
    """A traced child whose weights can be read and taken over by place.

    The blocks of its cell are built in the order in which they are written, not canonically, so
    that a block of a parent has the same number in a child that extends it.

    Args:
        manager: Its data, network and trainer.
        cell: Its cell.
        seed: Seed of its weights.
    """

    def __init__(self, manager: NetworkManager, cell: Cell, seed: int) -> None:
        keras.utils.set_random_seed(seed)
        with keras.StatelessScope(initialize_variables=False):
            model = _build_model(manager, cell)
        self._trainable = [variable.path for variable in model.trainable_variables]
        self._state = [variable.path for variable in model.non_trainable_variables]
        self.traced = TracedChild(model, manager.child_trainer.data, manager.trainer, seed)

    def read(self) -> Weights:
        """Return the weights as they are."""
        trainable, state = self.traced.weights.arrays()
        return dict(zip(self._trainable + self._state, trainable + state, strict=True))

    def take_over(self, parent: Weights, how: str) -> None:
        """Replace the weights that ``parent`` has too.

        Args:
            parent: Weights of the cell without its last block.
            how: One of `TAKEOVERS`.
        """
        taken = {}
        for name, fresh in self.read().items():
            taken[name] = _taken_over(fresh, parent.get(name), how)
        weights = self.traced.weights
        weights.trainable.assign(_vector(taken, self._trainable))
        weights.state.assign(_vector(taken, self._state))


def _build_model(manager: NetworkManager, cell: Cell) -> keras.Model:
    image = keras.Input(manager.dataset.image_shape, name="image")
    layers = PlacedLayers(manager.network)
    builder = PlacedBuilder(layers, cell, manager.network)
    heads = builder.heads(image, manager.dataset.num_classes, aux_head=False)
    return keras.Model(image, heads.logits, name="child")


def _taken_over(
    fresh: NDArray[np.float32], known: NDArray[np.float32] | None, how: str
) -> NDArray[np.float32]:
    """Return what is taken over of ``known``, the parent's weights at this place."""
    if known is None:
        return fresh
    if known.shape == fresh.shape:
        return known
    if how == LAYERS:
        return fresh
    # The outputs of the blocks are concatenated in their order, so the parent's come first.
    widened = np.zeros_like(fresh) if how == MORPHISM else fresh.copy()
    channels = known.shape[_INPUT_AXIS]
    widened[..., :channels, :] = known
    return widened


def _vector(weights: Weights, names: list[str]) -> NDArray[np.float32]:
    return np.concatenate([weights[name].ravel() for name in names])
