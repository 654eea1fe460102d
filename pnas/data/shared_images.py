"""Image files that a folder lists more than once: by links from one class or part into another.

Such an image has two labels, or is learned from and measured on.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pnas.data.folder_scan import FolderListing
from pnas.system.wording import plural


def shared_image_notes(listing: FolderListing, root: Path) -> list[str]:
    """Return what is to be said of files that are listed more than once, one line a kind.

    Args:
        listing: Everything that the folder holds.
        root: The folder, to which paths are shown relative.
    """
    paths = listing.paths()
    first = _first_mentions(paths)
    later = np.flatnonzero(first != np.arange(len(paths)))
    labels = np.concatenate([part.labels for part in listing.parts.values()])
    sizes = [len(part.paths) for part in listing.parts.values()]
    parts = np.repeat(np.arange(len(sizes)), sizes)

    is_of_another_class = labels[later] != labels[first[later]]
    is_of_another_part = parts[later] != parts[first[later]]
    kinds = (
        (is_of_another_class, "has two labels", "have two labels"),
        (~is_of_another_class & is_of_another_part, "is in two parts", "are in two parts"),
        (~is_of_another_class & ~is_of_another_part, "is listed twice", "are listed twice"),
    )
    lines = []
    for is_kind, of_one, of_several in kinds:
        rows = later[is_kind]
        if len(rows):
            what = plural(len(rows), f"image {of_one}", f"images {of_several}")
            names = [str(paths[row].relative_to(root)) for row in (first[rows[0]], rows[0])]
            others = ", ..." if len(rows) > 1 else ""
            lines.append(f"{what}, by links: {' is '.join(names)}{others}")
    return lines


def _first_mentions(paths: Sequence[Path]) -> NDArray[np.int64]:
    """Return for each path the place of the first one that leads to the same file."""
    files = np.empty((len(paths), 2), np.uint64)
    for place, path in enumerate(paths):
        state = os.stat(path)
        files[place] = state.st_dev, state.st_ino
    _, first, file_of_path = np.unique(files, axis=0, return_index=True, return_inverse=True)
    mentions: NDArray[np.int64] = first[file_of_path.reshape(-1)]
    return mentions
