"""Statistics of raw images by channel, and the normalisation that is made of them.

| symbol | shape     | meaning                                                  |
|--------|-----------|----------------------------------------------------------|
| n      |           | number of images                                         |
| C      |           | number of channels                                       |
| mean   | (C,)      | mean over images, rows and columns                       |
| std    | (C,)      | standard deviation over the same; 1 for constant channels |

Every image becomes ``(raw - mean) / std``, with the statistics of the train part alone.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]
"""(examples, height, width, channels)."""
Floats = NDArray[np.float32]

_CHUNK = 1024
"""Images squared at a time: a float64 copy of all of them would be twice the size of the data."""
_CHUNK_BYTES = 2**27
"""Size of the float64 copy of the pixels of streamed images that are summed at a time."""
_CONSTANT = 1e-6
"""A channel whose deviation is smaller than this times its mean is constant up to rounding."""


def channel_statistics(images: Images) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each channel of (n, H, W, C) images.

    The deviation of a constant channel is 1, which leaves the other parts their scale. Sums are
    float64 and rounded to float32, so that machines with other vector units find the same bits.
    """
    count = images.size // images.shape[-1]
    mean = images.sum(axis=0, dtype=np.float64).sum(axis=(0, 1)) / count

    squares = np.zeros_like(mean)
    mean_of_pixels = _repeat_for_pixels(mean, images)
    for start in range(0, len(images), _CHUNK):
        deviations = images[start : start + _CHUNK] - mean_of_pixels
        squares += np.square(deviations).sum(axis=0).sum(axis=(0, 1))
    return _rounded(mean, np.sqrt(squares / count))


def streamed_statistics(
    read: Callable[[NDArray[np.int64]], NDArray[Any]],
    rows: NDArray[np.int64],
    image_shape: tuple[int, int, int],
) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each channel of images that do not fit in memory.

    Args:
        read: Returns the images of some rows, (n, H, W, C).
        rows: The rows to take the statistics of.
        image_shape: (height, width, channels).
    """
    height, width, channels = image_shape
    chunk = max(1, _CHUNK_BYTES // (8 * height * width * channels))
    total = np.zeros(channels)
    squares = np.zeros(channels)
    for start in range(0, len(rows), chunk):
        images = read(rows[start : start + chunk])
        pixels = images.reshape(-1, channels).astype(np.float64)
        total = total + pixels.sum(axis=0)
        squares = squares + (pixels**2).sum(axis=0)

    count = len(rows) * height * width
    mean = total / count
    # Rounding may leave a variance of a constant channel just below 0.
    variance = np.maximum(squares / count - mean**2, 0)
    return _rounded(mean, np.sqrt(variance))


def normalise_in_place(images: Images, mean: Floats, std: Floats) -> None:
    """Make ``images`` ``(images - mean) / std``; a copy might not fit in memory."""
    images -= _repeat_for_pixels(mean, images)
    images /= _repeat_for_pixels(std, images)


def _rounded(mean: NDArray[np.float64], std: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """The statistics as float32, with 1 for the deviation of a constant channel."""
    deviation = std.astype(np.float32)
    varies = deviation > _CONSTANT * np.abs(mean)
    return mean.astype(np.float32), np.where(varies, deviation, np.float32(1))


def _repeat_for_pixels(values: NDArray[Any], images: Images) -> NDArray[Any]:
    """(C,) values as (H, W, C): numpy then loops over whole images, not over C values at a time."""
    return np.tile(values, (*images.shape[1:3], 1))
