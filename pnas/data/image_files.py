"""Image files on a disk: their headers, and their pixels when rows are taken.

Pillow is imported where it is used: no other command waits for it.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.errors import InvalidValue

if TYPE_CHECKING:
    from PIL import Image

GREY_MODES = ("1", "L", "LA")
_COLOUR_MODES = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")
_SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_MODE_OF_CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}
_NOT_PICTURES = ("BUFR", "EPS", "FITS", "GRIB", "HDF5", "MPEG", "WMF")
"""Formats that Pillow opens without being able to decode them by itself."""

_ORIENTATION = 0x0112
"""EXIF tag of how the camera was held."""
_SIDEWAYS = (5, 6, 7, 8)
"""Values of that tag for which height and width change places."""
_NAMED = 10
"""Bad images that an error names."""


class Header(NamedTuple):
    """What an image file says of itself.

    Attributes:
        size: (height, width) once the image is turned upright.
        mode: Pillow's name of the type of its pixels.
    """

    size: tuple[int, int]
    mode: str


class BadImage(NamedTuple):
    """An image file that cannot be used.

    Attributes:
        path: The file.
        reason: What is wrong with it.
    """

    path: Path
    reason: str


@dataclass(frozen=True)
class Decoding:
    """How image files become arrays.

    Attributes:
        image_shape: (height, width, channels) that each is brought to.
        background: Colour, as Pillow names it, below what is transparent in images of 1 or 3
            channels.
        convert_16_bit: Whether images of 16 bits a channel are scaled to 8.
    """

    image_shape: tuple[int, int, int]
    background: str = "white"
    convert_16_bit: bool = False


@dataclass(frozen=True)
class ImageFiles:
    """Image files as (n, H, W, C) uint8, decoded when rows are taken.

    Attributes:
        paths: The files.
        decoding: What they are brought to.
    """

    paths: tuple[Path, ...]
    decoding: Decoding

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)"""
        return (len(self.paths), *self.decoding.image_shape)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        images = np.empty((len(rows), *self.decoding.image_shape), np.uint8)
        paths = [self.paths[row] for row in rows]
        with ThreadPoolExecutor() as pool:  # Pillow decodes outside the interpreter lock
            outcomes = list(pool.map(self._decode_into, images, paths))
        refuse_bad_images([bad for bad in outcomes if bad is not None], len(paths))
        return images

    def find_bad(self) -> list[BadImage]:
        """Decode every image, one after the other in memory; return those that cannot be."""
        target = np.empty(self.decoding.image_shape, np.uint8)

        def check(path: Path) -> BadImage | None:
            return self._decode_into(np.empty_like(target), path)

        with ThreadPoolExecutor() as pool:
            return [bad for bad in pool.map(check, self.paths) if bad is not None]

    def _decode_into(self, target: NDArray[np.uint8], path: Path) -> BadImage | None:
        """Write the pixels of ``path`` to ``target``; return what is wrong with the file, if so."""
        try:
            target[...] = decode(path, self.decoding)
        except Exception as error:  # each of Pillow's formats raises others
            return BadImage(path, _reason(error))
        return None


def decode(path: Path, decoding: Decoding) -> NDArray[np.uint8]:
    """Return the image of a file, upright, (height, width, channels)."""
    from PIL import Image, ImageOps

    height, width, channels = decoding.image_shape
    # By its name Pillow would map an uncompressed TIFF into memory, and forget to turn it upright.
    with path.open("rb") as content, Image.open(content) as file:
        image = _as_8_bit(ImageOps.exif_transpose(file))
        if channels != 4:
            image = _on_background(image, decoding.background)
        image = image.convert(_MODE_OF_CHANNELS[channels])
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(decoding.image_shape)


def _as_8_bit(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    if image.mode not in _SIXTEEN_BIT_MODES:
        return image
    pixels = np.asarray(image, np.float64) / 257  # 65535 becomes 255
    return Image.fromarray(np.clip(np.round(pixels), 0, 255).astype(np.uint8))


def _on_background(image: "Image.Image", background: str) -> "Image.Image":
    """Lay an image with transparency over a colour; any other stays as it is."""
    from PIL import Image

    if not image.has_transparency_data:
        return image
    layers = image.convert("RGBA")
    if layers.getchannel("A").getextrema() == (255, 255):
        return image
    ground = Image.new("RGBA", layers.size, background)
    ground.putalpha(255)
    return Image.alpha_composite(ground, layers).convert("RGB")


@cache
def readable_suffixes() -> frozenset[str]:
    """Return the suffixes, in lower case, of the image files that Pillow reads."""
    from PIL import Image

    Image.init()
    suffixes = set()
    for suffix, name in Image.registered_extensions().items():
        if name in Image.OPEN and name not in _NOT_PICTURES:
            suffixes.add(suffix.lower())
    return frozenset(suffixes)


def read_headers(
    paths: Sequence[Path], convert_16_bit: bool
) -> tuple[dict[Path, Header], list[BadImage]]:
    """Return the header of each image file that can be used, and the files that cannot.

    Args:
        paths: The files.
        convert_16_bit: Whether images of 16 bits a channel can be used.
    """
    headers = {}
    bad = []
    for path in paths:
        try:
            header = _read_header(path)
        except Exception as error:  # each of Pillow's formats raises others
            bad.append(BadImage(path, _reason(error)))
            continue
        if header.mode in GREY_MODES + _COLOUR_MODES:
            headers[path] = header
        elif header.mode in _SIXTEEN_BIT_MODES:
            if convert_16_bit:
                headers[path] = header
            else:
                reason = f"mode {header.mode}: data.convert_16_bit=true scales it to 8 bits"
                bad.append(BadImage(path, reason))
        else:
            bad.append(BadImage(path, f"mode {header.mode} is not 8 bits a channel"))
    return headers, bad


def refuse_bad_images(bad: Sequence[BadImage], total: int) -> None:
    """Raise one error that names bad images with reasons, the first ten and a count of the others.

    Raises:
        InvalidValue: There is a bad image.
    """
    if not bad:
        return
    named = [f"{each.path} ({each.reason})" for each in bad[:_NAMED]]
    if len(bad) > _NAMED:
        named.append(f"and {len(bad) - _NAMED} more")
    rule = (
        "every image must be readable (data.skip_unreadable=true leaves out up to a tenth); "
        f"{len(bad)} of {total} are not: {', '.join(named)}"
    )
    raise InvalidValue("data.path", rule, str(bad[0].path))


def is_grey(mode: str) -> bool:
    """Return whether images of this mode have one channel without colour."""
    return mode in GREY_MODES or mode in _SIXTEEN_BIT_MODES


def _read_header(path: Path) -> Header:
    """The header of an image file, without decoding its pixels."""
    from PIL import Image

    with Image.open(path) as file:
        width, height = _stored_size(file)
        # Not file.getexif(): that of PNG decodes all pixels first.
        is_sideways = Image.Image.getexif(file).get(_ORIENTATION) in _SIDEWAYS
        size = (width, height) if is_sideways else (height, width)
        return Header(size, file.mode)


def _stored_size(file: "Image.Image") -> tuple[int, int]:
    """Return width and height as they are in the file; Pillow states those of an upright TIFF."""
    from PIL.TiffImagePlugin import IMAGELENGTH, IMAGEWIDTH, TiffImageFile

    if isinstance(file, TiffImageFile):
        return file.tag_v2[IMAGEWIDTH], file.tag_v2[IMAGELENGTH]
    return file.size


def _reason(error: Exception) -> str:
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, Image.DecompressionBombError):
        return "more pixels than Pillow's limit against decompression bombs"
    if isinstance(error, UnidentifiedImageError):
        return "not an image that Pillow knows"
    return " ".join((str(error) or type(error).__name__).split())[:100]
