"""The few layers a child is made of, as a protocol that the network builder is written against.

`pnas.children.network.counts` propagates shapes through it and adds up sizes, `pnas.children.network.keras_layers` emits
Keras layers. One builder for both is what makes the counted network the trained one.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

Shape = tuple[int, int, int]
"""Height, width and channels of one example."""

Size = int | tuple[int, int]
"""Along height and width: one number for both, or two."""

T = TypeVar("T")


class Layers(Protocol[T]):
    """Makes layers and applies them. Padding is SAME unless it is said, convolutions have no bias."""

    def shape(self, x: T) -> Shape:
        """Height, width and channels of ``x``."""

    def conv(
        self,
        x: T,
        filters: int,
        kernel: Size,
        stride: Size = 1,
        dilation: int = 1,
        padding: str = "same",
    ) -> T:
        """Convolution. ``stride`` and ``dilation`` are not both above 1; ``padding`` is ``same`` or ``valid``."""

    def separable_conv(self, x: T, filters: int, kernel: int, stride: int = 1) -> T:
        """Depthwise convolution followed by a 1x1 convolution."""

    def batch_norm(self, x: T) -> T:
        """Batch normalisation over all but the channels."""

    def relu(self, x: T) -> T:
        """Rectifier."""

    def max_pool(self, x: T, kernel: int, stride: int = 1) -> T:
        """Maximum over a window."""

    def avg_pool(self, x: T, kernel: int, stride: int = 1, padding: str = "same") -> T:
        """Mean over a window; what ``same`` pads with is left out of the mean."""

    def shift(self, x: T) -> T:
        """``x`` moved by one pixel up and left, zeros at the far edges."""

    def add(self, x: T, y: T) -> T:
        """Elementwise sum."""

    def concat(self, xs: Sequence[T]) -> T:
        """Concatenation of channels."""

    def global_pool(self, x: T) -> T:
        """Mean over height and width: a tensor of shape (1, 1, channels) without its two axes."""

    def drop_path(self, x: T, depth: float) -> T:
        """While training, perhaps zeros in place of an operator's result ``x``; ``depth`` in (0, 1] is its cell's."""

    def dropout(self, x: T) -> T:
        """While training, perhaps zeros in place of some of the features before the last layer."""

    def dense(self, x: T, units: int, name: str) -> T:
        """Fully connected layer with bias, on the result of `global_pool`."""
