"""What black and white are in raw images: the range of their pixel values.

| convention | black                    | white                        |
|------------|--------------------------|------------------------------|
| unit       | 0                        | 1                            |
| signed     | -1                       | 1                            |
| byte       | 0                        | 255                          |
| uint16     | 0                        | 65535                        |
| imagenet   | (0 - mean) / deviation   | (1 - mean) / deviation       |

The range changes nothing in a search, whose images are normalised by their own statistics. An
exported model takes images on the scale of the data that it was trained on, so whoever serves it
must know that scale: an image file's 0..255 becomes ``black + pixel / 255 * (white - black)``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue, require
from pnas.system.wording import plural
from pnas.validation import is_finite

AUTO = "auto"
KEY = "data.pixel_range"

# Mean and deviation of ImageNet's channels, of pixels in 0..1, as torchvision's models take them.
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
_ROUNDING = 1e-3
"""By how much of the range a value may lie outside of it."""
_LEAST_SPREAD = 1 / 64
_MOST_SPREAD = 4.0
"""Bounds, as shares of a range, between which pixels spread that are on its scale."""
_FORMER_WHITES = (1.0, 16.0, 255.0)
"""Values of white that version 0.1.0 knew, with black at 0; fingerprints leave these out."""


@dataclass(frozen=True)
class PixelRange:
    """Values of black and white: one for all channels, or one a channel.

    Attributes:
        black: Value of a black pixel.
        white: Value of a white pixel.
    """

    black: tuple[float, ...]
    white: tuple[float, ...]

    @property
    def is_former(self) -> bool:
        """Whether version 0.1.0 knew this range."""
        return self.black == (0.0,) and len(self.white) == 1 and self.white[0] in _FORMER_WHITES

    def describe(self) -> dict[str, float | list[float]]:
        """Return black and white as numbers, or as lists of one number a channel."""
        return {"black": _number_or_list(self.black), "white": _number_or_list(self.white)}


def _number_or_list(values: tuple[float, ...]) -> float | list[float]:
    return values[0] if len(values) == 1 else list(values)


def _imagenet() -> PixelRange:
    black = []
    white = []
    for mean, deviation in zip(_IMAGENET_MEAN, _IMAGENET_DEVIATION, strict=True):
        black.append((0 - mean) / deviation)
        white.append((1 - mean) / deviation)
    return PixelRange(tuple(black), tuple(white))


BYTE = PixelRange((0.0,), (255.0,))
UNIT = PixelRange((0.0,), (1.0,))
DIGITS = PixelRange((0.0,), (16.0,))
"""Pixels of scikit-learn's digits are counts of 0 to 16."""
CONVENTIONS: Mapping[str, PixelRange] = {
    "unit": UNIT,
    "signed": PixelRange((-1.0,), (1.0,)),
    "byte": BYTE,
    "uint16": PixelRange((0.0,), (65535.0,)),
    "imagenet": _imagenet(),
}
_CHOICES = f"{', '.join(CONVENTIONS)} or [black, white]"


def is_pixel_range(value: Any) -> bool:
    """Return whether ``value`` is one that ``data.pixel_range`` takes."""
    if isinstance(value, str):
        return value == AUTO or value in CONVENTIONS
    if not isinstance(value, list | tuple) or len(value) != 2:
        return False
    black, white = value
    return is_finite(black) and is_finite(white) and black < white


def resolve_range(value: Any, images: NDArray[Any]) -> PixelRange:
    """Return the range of raw images.

    Args:
        value: Value of ``data.pixel_range``.
        images: (n, H, W, C), uint8 or float.

    Raises:
        InvalidValue: It is "auto" and the images fit no convention, or the images lie outside of
            the range that is given.
    """
    smallest = float(images.min())
    largest = float(images.max())
    if value == AUTO:
        return _guess(images.dtype == np.uint8, smallest, largest)

    if isinstance(value, str):
        found = CONVENTIONS[value]
    else:
        black, white = value
        found = PixelRange((float(black),), (float(white),))
    channels = images.shape[3]
    rule = f"must be a range for images of {plural(channels, 'channel')}"
    require(len(found.black) in (1, channels), KEY, rule, value)

    slack = _ROUNDING * (max(found.white) - min(found.black))
    is_inside = min(found.black) - slack <= smallest and largest <= max(found.white) + slack
    rule = f"must hold the pixels of data.path, which are {smallest:g} to {largest:g}"
    require(is_inside, KEY, rule, value)
    return found


def check_scale(found: PixelRange, images: NDArray[Any], name: str, key: str) -> None:
    """Raise `InvalidValue` if images are on another scale than ``found``, that of the train part.

    Args:
        found: Range of the train images.
        images: (n, H, W, C) images of some part.
        name: Name of their array.
        key: Key that the error names.
    """
    black = min(found.black)
    white = max(found.white)
    smallest = float(images.min())
    largest = float(images.max())
    spread = (largest - smallest) / (white - black)
    rule = f"{name} must be on the scale of x_train, {black:g} to {white:g}"
    is_alike = _LEAST_SPREAD <= spread <= _MOST_SPREAD
    require(is_alike, key, rule, f"{smallest:g} to {largest:g}")


def _guess(is_uint8: bool, smallest: float, largest: float) -> PixelRange:
    """The one convention that the values fit: the largest lies in the upper half of its range.

    Negative values fit several (-1..1, ImageNet's, others), and so do uint8 images that are dark.
    """
    if smallest >= 0:
        if not is_uint8 and largest <= 1 + _ROUNDING:
            return UNIT
        if 127 < largest <= 255:
            return BYTE
        if 32767 < largest <= 65535:
            return CONVENTIONS["uint16"]
    rule = f"must be given, one of {_CHOICES}: pixels of {smallest:g} to {largest:g} are ambiguous"
    raise InvalidValue(KEY, rule, AUTO)
