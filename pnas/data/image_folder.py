"""Folders of image files, one folder a class.

``root/<class>/*.png``, or ``root/{train,val,test}/<class>/*.png`` for a split that is given.

Scanning reads only the headers of the files; pixels are decoded when rows are taken, so that a
small part of a large folder costs little.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pnas.data.data_spec import ImageFolderSpec
from pnas.data.dataset import PARTS
from pnas.data.image_files import GREY_MODES, Header, ImageFiles, read_header
from pnas.data.raw_data import RawData, RawPart
from pnas.errors import InvalidValue, require

SUFFIXES = (".png", ".jpg", ".jpeg")


def image_folder(spec: ImageFolderSpec) -> RawData:
    """Return the images below ``spec.path``; labels number the classes in the order of their names.

    Raises:
        InvalidValue: No folder, no classes, a class without images, a file that is no 8-bit image,
            or images of different sizes without ``spec.image_size``.
    """
    root = Path(spec.path or "").expanduser()
    rule = "must be a folder that holds a folder for each class"
    require(root.is_dir(), "data.path", rule, spec.path)

    roots = _part_roots(root)
    names = tuple(folder.name for folder in _folders(roots["train"]))
    rule = "must have at least 2 folders, one for each class"
    require(len(names) >= 2, "data.path", rule, list(names))

    files = {part: _labelled_files(folder, names) for part, folder in roots.items()}
    headers = {}
    for paths, _ in files.values():
        for path in paths:
            headers[path] = read_header(path)
    height, width = _common_size(headers, spec)
    shape = (height, width, spec.channels or _common_channels(headers))

    parts = {}
    for part, (paths, labels) in files.items():
        parts[part] = RawPart(ImageFiles(paths, shape), labels)
    return RawData(parts, len(names), names)


def _part_roots(root: Path) -> dict[str, Path]:
    """The folder of each part; the root itself is "train" when it holds the classes."""
    folders = {folder.name: folder for folder in _folders(root)}
    # A part holds folders, a class holds images: "train" may be a class, beside "plane".
    has_parts = any(_folders(folders[part]) for part in PARTS if part in folders)
    if not has_parts:
        return {"train": root}

    is_known = "train" in folders and set(folders) <= set(PARTS)
    rule = "must hold train, and perhaps val and test, or classes"
    require(is_known, "data.path", rule, ", ".join(folders))
    return folders


def _folders(folder: Path) -> list[Path]:
    """The visible folders in ``folder``, in the order of their names."""
    found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(found)


def _labelled_files(root: Path, names: Sequence[str]) -> tuple[tuple[Path, ...], NDArray[np.int32]]:
    """The image files of one part, class by class, and their labels."""
    folders = _folders(root)
    unknown = [folder.name for folder in folders if folder.name not in names]
    rule = f"classes of {root.name} must be those of train"
    require(not unknown, "data.path", rule, ", ".join(unknown))

    paths: list[Path] = []
    labels: list[int] = []
    for folder in folders:
        found = sorted(path for path in folder.iterdir() if _is_image(path))
        rule = "every class folder must hold .png or .jpg files"
        require(len(found) > 0, "data.path", rule, str(folder))
        paths += found
        labels += [names.index(folder.name)] * len(found)

    require(len(paths) > 0, "data.path", "every part must hold folders of images", str(root))
    return tuple(paths), np.array(labels, np.int32)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _common_size(headers: Mapping[Path, Header], spec: ImageFolderSpec) -> tuple[int, int]:
    """The (height, width) that all images have, or that they are resized to."""
    if spec.image_size is not None:
        return spec.image_size, spec.image_size

    first, *others = headers
    for path in others:
        if headers[path].size != headers[first].size:
            is_one = f"{first} is {_pixels(headers[first])}"
            is_other = f"{path} is {_pixels(headers[path])}"
            rule = f"must be given, since {is_one} and {is_other}"
            raise InvalidValue("data.image_size", rule, None)
    return headers[first].size


def _pixels(header: Header) -> str:
    height, width = header.size
    return f"{width}x{height}"


def _common_channels(headers: Mapping[Path, Header]) -> int:
    is_grey = all(header.mode in GREY_MODES for header in headers.values())
    return 1 if is_grey else 3
