"""Folders of image files, one a class: ``root/<class>/*.png`` or ``root/{train,val,test}/<class>/*.png``.

Scanning reads only the headers of the files; pixels are decoded when rows are taken, so that a small part of
a large folder costs little. Pillow is imported where it is used: no other command waits for it.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.data.data_spec import ImageFolderSpec
from pnas.data.raw_data import PARTS, RawData, RawPart
from pnas.errors import InvalidValue, require

SUFFIXES = (".png", ".jpg", ".jpeg")
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_GREY = ("1", "L", "LA")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)


class Header(NamedTuple):
    """What an image file says of itself; ``size`` is (height, width) once turned upright."""

    size: tuple[int, int]
    mode: str


@dataclass(frozen=True)
class ImageFiles:
    """Image files as (n, H, W, C) uint8, decoded when rows are taken (`pnas.data.raw_data.RawImages`)."""

    paths: tuple[Path, ...]
    image_shape: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.paths), *self.image_shape)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        images = np.empty((len(rows), *self.image_shape), np.uint8)
        with ThreadPoolExecutor() as pool:  # Pillow decodes outside the interpreter lock
            list(pool.map(self._decode_into, images, (self.paths[row] for row in rows)))
        return images

    def _decode_into(self, target: NDArray[np.uint8], path: Path) -> None:
        from PIL import Image, ImageOps

        height, width, channels = self.image_shape
        with _reading(path), Image.open(path) as file:
            image = ImageOps.exif_transpose(file).convert(_MODES[channels])
            if image.size != (width, height):
                image = image.resize((width, height), Image.Resampling.BILINEAR)
            target[...] = np.asarray(image).reshape(self.image_shape)


def image_folder(spec: ImageFolderSpec) -> RawData:
    """The images below ``spec.path``; labels number the classes in the order of their names.

    Raises:
        InvalidValue: no folder, no classes, a class without images, a file that is no 8-bit image, or images
            of different sizes without ``spec.image_size``.
    """
    root = Path(spec.path or "").expanduser()
    require(
        root.is_dir(), "data.path", "must be a folder that holds a folder for each class", spec.path
    )
    roots = _part_roots(root)
    names = tuple(folder.name for folder in _folders(roots["train"]))
    require(
        len(names) >= 2,
        "data.path",
        "must have at least 2 folders, one for each class",
        list(names),
    )
    files = {part: _labelled_files(folder, names) for part, folder in roots.items()}
    headers = {path: _header(path) for paths, _ in files.values() for path in paths}
    shape = (*_common_size(headers, spec), spec.channels or _common_channels(headers))
    parts = {
        part: RawPart(ImageFiles(paths, shape), labels) for part, (paths, labels) in files.items()
    }
    return RawData(parts, len(names), names)


def _part_roots(root: Path) -> dict[str, Path]:
    """The folder of each part; the root itself is "train" when it holds the classes."""
    folders = {folder.name: folder for folder in _folders(root)}
    # A part holds folders, a class holds images: "train" may be a class, beside "plane".
    if not any(_folders(folders[part]) for part in PARTS if part in folders):
        return {"train": root}
    is_known = "train" in folders and set(folders) <= set(PARTS)
    rule = "must hold train, and perhaps val and test, or classes"
    require(is_known, "data.path", rule, ", ".join(folders))
    return folders


def _folders(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    )


def _labelled_files(root: Path, names: Sequence[str]) -> tuple[tuple[Path, ...], NDArray[np.int32]]:
    """The image files of one part, class by class, and their labels."""
    folders = _folders(root)
    unknown = [folder.name for folder in folders if folder.name not in names]
    require(
        not unknown,
        "data.path",
        f"classes of {root.name} must be those of train",
        ", ".join(unknown),
    )
    paths: list[Path] = []
    labels: list[int] = []
    for folder in folders:
        found = sorted(path for path in folder.iterdir() if _is_image(path))
        require(
            len(found) > 0,
            "data.path",
            "every class folder must hold .png or .jpg files",
            str(folder),
        )
        paths += found
        labels += [names.index(folder.name)] * len(found)
    require(len(paths) > 0, "data.path", "every part must hold folders of images", str(root))
    return tuple(paths), np.array(labels, np.int32)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn whatever Pillow raises on a bad file into one line that names it."""
    try:
        yield
    except Exception as error:  # each of its formats raises others
        rule = "every .png or .jpg file must be a readable image"
        raise InvalidValue("data.path", rule, str(path)) from error


def _header(path: Path) -> Header:
    from PIL import Image

    with _reading(path), Image.open(path) as file:
        width, height = file.size
        # Not file.getexif(): that of PNG decodes all pixels first.
        is_sideways = Image.Image.getexif(file).get(_ORIENTATION) in _SIDEWAYS
        header = Header((width, height) if is_sideways else (height, width), file.mode)
    rule = f"{path} must have 8 bits a channel, grey or colour"
    require(header.mode in _GREY + _COLOUR, "data.path", rule, f"mode {header.mode}")
    return header


def _common_size(headers: dict[Path, Header], spec: ImageFolderSpec) -> tuple[int, int]:
    if spec.image_size is not None:
        return spec.image_size, spec.image_size
    first, *others = headers
    for path in others:
        if headers[path].size != headers[first].size:
            sizes = [f"{name} is {_pixels(headers[name])}" for name in (first, path)]
            raise InvalidValue(
                "data.image_size", f"must be given, since {' and '.join(sizes)}", None
            )
    return headers[first].size


def _pixels(header: Header) -> str:
    return f"{header.size[1]}x{header.size[0]}"


def _common_channels(headers: dict[Path, Header]) -> int:
    return 1 if all(header.mode in _GREY for header in headers.values()) else 3
