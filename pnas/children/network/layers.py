"""The few kinds of layer that a child is made of, as a protocol for the network builder.

`pnas.children.network.counts` propagates shapes through it and adds up sizes;
`pnas.children.network.keras_layers` makes Keras layers. Because there is one builder for both, the
network that is counted is the network that is trained.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

Shape = tuple[int, int, int]
"""Height, width and channels of one example."""

Size = int | tuple[int, int]
"""Along height and width: one number for both, or two."""

T = TypeVar("T")


class Layers(Protocol[T]):
    """Makes layers and applies them.

    Padding is SAME unless a parameter says otherwise. Convolutions have no bias.
    """

    def shape(self, x: T) -> Shape:
        """Return height, width and channels of ``x``."""

    def conv(
        self,
        x: T,
        filters: int,
        kernel: Size,
        stride: Size = 1,
        dilation: int = 1,
        padding: str = "same",
    ) -> T:
        """Return a convolution of ``x``.

        Args:
            x: Input.
            filters: Channels of the output.
            kernel: Size of the kernel.
            stride: Stride; not above 1 together with ``dilation``.
            dilation: Dilation of the kernel.
            padding: ``same`` or ``valid``.
        """

    def separable_conv(self, x: T, filters: int, kernel: int, stride: int = 1) -> T:
        """Return a depthwise convolution of ``x`` followed by a 1x1 convolution."""

    def batch_norm(self, x: T) -> T:
        """Return the batch normalization of ``x`` over all axes but the channels."""

    def relu(self, x: T) -> T:
        """Return the rectified ``x``."""

    def max_pool(self, x: T, kernel: int, stride: int = 1) -> T:
        """Return the maximum over a window."""

    def avg_pool(self, x: T, kernel: int, stride: int = 1, padding: str = "same") -> T:
        """Return the mean over a window; padded pixels are left out of the mean."""

    def shift(self, x: T) -> T:
        """Return ``x`` moved by one pixel up and left, with zeros at the far edges."""

    def add(self, x: T, y: T) -> T:
        """Return the elementwise sum."""

    def concat(self, xs: Sequence[T]) -> T:
        """Return the concatenation along the channels."""

    def global_pool(self, x: T) -> T:
        """Return the mean over height and width: (1, 1, channels) without its first two axes."""

    def drop_path(self, x: T, depth: float) -> T:
        """Return ``x``, the result of an operator, which some implementations drop in training.

        Args:
            x: Result of an operator.
            depth: Depth of its cell, in (0, 1].
        """

    def dropout(self, x: T) -> T:
        """Return the features before the last layer, of which some implementations drop a share."""

    def dense(self, x: T, units: int, name: str) -> T:
        """Return a fully connected layer with bias, applied to the result of `global_pool`."""
