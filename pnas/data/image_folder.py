"""Folders of image files, one folder a class.

``root/<class>/*.png``, or ``root/{train,val,test}/<class>/*.png`` for a split that is given.
Scanning reads only the headers of the files; pixels are decoded when rows are taken, so that a
small part of a large folder costs little.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pnas.data.data_spec import ImageFolderSpec
from pnas.data.folder_scan import FolderListing, scan_folder
from pnas.data.image_files import (
    BadImage,
    Decoding,
    Header,
    ImageFiles,
    is_grey,
    read_headers,
    refuse_bad_images,
)
from pnas.data.pixel_range import BYTE
from pnas.data.raw_data import RawData, RawPart
from pnas.data.shared_images import shared_image_notes
from pnas.errors import InvalidValue, require

MOST_SKIPPED = 0.1
"""Largest share of the images that ``data.skip_unreadable`` leaves out."""


def image_folder(spec: ImageFolderSpec, read_pixels: bool = False) -> RawData:
    """Return the images below ``spec.path``; labels number the classes in the order of their names.

    Args:
        spec: Where the images are, and what they are brought to.
        read_pixels: Whether to decode every image now, to find those that are damaged. They are
            decoded in any case if damaged images are to be left out.

    Raises:
        InvalidValue: No folder, no classes, a class without images, files that are no images, or
            images of different sizes without ``spec.image_size``.
    """
    root = Path(spec.path or "").expanduser()
    rule = "must be a folder that holds a folder for each class"
    require(root.is_dir(), "data.path", rule, spec.path)

    listing = scan_folder(root)
    headers, bad = read_headers(listing.paths(), spec.convert_16_bit)
    if not headers:
        refuse_bad_images(bad, len(bad))
    height, width = _common_size(headers, spec)
    channels = spec.channels or _common_channels(headers)
    decoding = Decoding((height, width, channels), spec.background, spec.convert_16_bit)
    if read_pixels or spec.skip_unreadable:
        bad += ImageFiles(tuple(headers), decoding).find_bad()
    if bad:
        listing = _leave_out(bad, listing, spec)

    parts = {}
    for name, part in listing.parts.items():
        parts[name] = RawPart(ImageFiles(part.paths, decoding), part.labels)
    return RawData(
        parts=parts,
        num_classes=len(listing.class_names),
        class_names=listing.class_names,
        pixel_range=BYTE,
        notes=(*listing.skipped.lines(root), *shared_image_notes(listing, root)),
    )


def _leave_out(
    bad: Sequence[BadImage], listing: FolderListing, spec: ImageFolderSpec
) -> FolderListing:
    """The listing without bad images, if they are to be left out and few enough.

    Raises:
        InvalidValue: They are not, or a class has no other image.
    """
    total = len(listing.paths())
    if not spec.skip_unreadable or len(bad) > MOST_SKIPPED * total:
        refuse_bad_images(bad, total)

    files = {each.path for each in bad}
    parts = {name: part.without(files) for name, part in listing.parts.items()}
    for each in bad:
        listing.skipped.add(each.path, f"unreadable ({each.reason})")
    for name, part in parts.items():
        present = set(part.labels.tolist())
        before = set(listing.parts[name].labels.tolist())
        if present != before:
            lost = listing.class_names[min(before - present)]
            rule = f"must have a readable image of class {lost} in {name}"
            raise InvalidValue("data.path", rule, str(bad[0].path))
    return FolderListing(listing.class_names, parts, listing.skipped)


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
    return 1 if all(is_grey(header.mode) for header in headers.values()) else 3
