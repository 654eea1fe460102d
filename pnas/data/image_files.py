"""Image files on a disk: their headers, and their pixels when rows are taken.

Pillow is imported where it is used: no other command waits for it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue, require

GREY_MODES = ("1", "L", "LA")
_COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_MODE_OF_CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}

_ORIENTATION = 0x0112
"""EXIF tag of how the camera was held."""
_SIDEWAYS = (5, 6, 7, 8)
"""Values of that tag for which height and width change places."""


class Header(NamedTuple):
    """What an image file says of itself.

    Attributes:
        size: (height, width) once the image is turned upright.
        mode: Pillow's name of the type of its pixels.
    """

    size: tuple[int, int]
    mode: str


@dataclass(frozen=True)
class ImageFiles:
    """Image files as (n, H, W, C) uint8, decoded when rows are taken.

    Attributes:
        paths: The files.
        image_shape: (height, width, channels) that each is brought to.
    """

    paths: tuple[Path, ...]
    image_shape: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)"""
        return (len(self.paths), *self.image_shape)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        images = np.empty((len(rows), *self.image_shape), np.uint8)
        paths = [self.paths[row] for row in rows]
        with ThreadPoolExecutor() as pool:  # Pillow decodes outside the interpreter lock
            list(pool.map(self._decode_into, images, paths))
        return images

    def _decode_into(self, target: NDArray[np.uint8], path: Path) -> None:
        from PIL import Image, ImageOps

        height, width, channels = self.image_shape
        with _reading(path), Image.open(path) as file:
            image = ImageOps.exif_transpose(file).convert(_MODE_OF_CHANNELS[channels])
            if image.size != (width, height):
                image = image.resize((width, height), Image.Resampling.BILINEAR)
            target[...] = np.asarray(image).reshape(self.image_shape)


def read_header(path: Path) -> Header:
    """Return the header of an image file, without decoding its pixels.

    Raises:
        InvalidValue: It is no image, or not one of 8 bits a channel.
    """
    from PIL import Image

    with _reading(path), Image.open(path) as file:
        width, height = file.size
        # Not file.getexif(): that of PNG decodes all pixels first.
        is_sideways = Image.Image.getexif(file).get(_ORIENTATION) in _SIDEWAYS
        mode = file.mode

    rule = f"{path} must have 8 bits a channel, grey or colour"
    require(mode in GREY_MODES + _COLOUR_MODES, "data.path", rule, f"mode {mode}")
    size = (width, height) if is_sideways else (height, width)
    return Header(size, mode)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn whatever Pillow raises on a bad file into one line that names it."""
    try:
        yield
    except Exception as error:  # each of its formats raises others
        rule = "every .png or .jpg file must be a readable image"
        raise InvalidValue("data.path", rule, str(path)) from error
