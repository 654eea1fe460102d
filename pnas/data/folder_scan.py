"""Which files of a folder are images of which class, and what is left out and why.

A class is a folder; folders below it count as that class's. What operating systems and file servers
leave behind is skipped. Names of classes are compared in their composed form (Unicode NFC), since
macOS stores an accented letter as two characters.
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from pnas.data.dataset import PARTS
from pnas.data.image_files import readable_suffixes
from pnas.errors import InvalidValue, require
from pnas.system.wording import plural

LITTER = (
    "__MACOSX",
    "@eaDir",
    "lost+found",
    "$RECYCLE.BIN",
    "System Volume Information",
    "Thumbs.db",
    "desktop.ini",
)
"""Names that no class or image has."""

EMPTY = "empty folder"
"""Reason for which a folder without anything in it is left out."""
LOOSE = "image outside of the folders of classes"
"""Reason for which a file beside the folders of classes is left out."""
_LINK_BACK = "link to a folder that is read already"

_SEVERAL = {
    EMPTY: "empty folders",
    LOOSE: "images outside of the folders of classes",
    _LINK_BACK: "links to folders that are read already",
}
"""What several that are left out for one reason are called; by default as one is."""

_SHARED_NAMES = 2
"""Folders of the same names in every "class" from which on they are the classes of a split."""


@dataclass
class Skipped:
    """What is left out of a folder, counted by reason.

    Attributes:
        counts: Number of files or folders by reason.
        examples: First path of each reason.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Path] = field(default_factory=dict)

    def add(self, path: Path, reason: str) -> None:
        """Note that ``path`` is left out."""
        self.counts[reason] += 1
        self.examples.setdefault(reason, path)

    def named(self, reason: str) -> str:
        """Return what is left out for ``reason``, to stand in parentheses behind a rule."""
        if reason not in self.counts:
            return ""
        count = self.counts[reason]
        others = ", ..." if count > 1 else ""
        what = _counted(count, reason)
        return f" ({what} left out: {self.examples[reason].name}{others})"

    def lines(self, root: Path) -> list[str]:
        """Return one line a reason, with the first path relative to ``root``."""
        lines = []
        for reason, count in sorted(self.counts.items()):
            path = self.examples[reason].relative_to(root)
            others = ", ..." if count > 1 else ""
            lines.append(f"skipped {_counted(count, reason)}: {path}{others}")
        return lines


def _counted(count: int, reason: str) -> str:
    return plural(count, reason, _SEVERAL.get(reason, reason))


@dataclass(frozen=True)
class PartListing:
    """Image files of one part.

    Attributes:
        paths: The files, class by class.
        labels: (n,) number of each file's class.
    """

    paths: tuple[Path, ...]
    labels: NDArray[np.int32]

    def without(self, bad: set[Path]) -> "PartListing":
        """Return this listing without some files."""
        kept = np.array([path not in bad for path in self.paths], bool)
        paths = tuple(path for path in self.paths if path not in bad)
        return PartListing(paths, self.labels[kept])


@dataclass(frozen=True)
class FolderListing:
    """Everything that an image folder holds.

    Attributes:
        class_names: Names of the classes, in the order of their labels.
        parts: Listing of each part.
        skipped: What is left out.
    """

    class_names: tuple[str, ...]
    parts: dict[str, PartListing]
    skipped: Skipped

    def paths(self) -> list[Path]:
        """Return the files of all parts."""
        return [path for part in self.parts.values() for path in part.paths]


def scan_folder(root: Path) -> FolderListing:
    """List the image files below ``root``.

    Raises:
        InvalidValue: No classes, a class without images, parts of different classes, or a folder
            that cannot be read.
    """
    try:
        return _scan(root)
    except OSError as error:
        # Of any call that looks at a file: it may be in a folder that may not be entered.
        _refuse_folder(error)


def _scan(root: Path) -> FolderListing:
    skipped = Skipped()
    roots = _part_roots(root, skipped)
    classes = {part: _class_folders(folder, skipped) for part, folder in roots.items()}
    names = tuple(sorted(classes["train"]))
    rule = f"must have at least 2 folders, one for each class{skipped.named(EMPTY)}"
    require(len(names) >= 2, "data.path", rule, list(names))
    if roots["train"] == root:
        _check_not_a_split(list(classes["train"].values()))

    parts = {}
    for part, folders in classes.items():
        unknown = [name for name in folders if name not in names]
        rule = f"classes of {roots[part].name} must be those of train"
        require(not unknown, "data.path", rule, ", ".join(unknown))
        parts[part] = _list_part(roots[part], folders, names, skipped)
    return FolderListing(names, parts, skipped)


def _part_roots(root: Path, skipped: Skipped) -> dict[str, Path]:
    """The folder of each part; the root itself is "train" when it holds the classes."""
    folders = {folder.name: folder for folder in _folders(root, Skipped())}
    # A part holds folders, a class holds images: "train" may be a class, beside "plane".
    has_parts = any(_folders(folders[part], Skipped()) for part in PARTS if part in folders)
    if not has_parts:
        return {"train": root}

    is_known = "train" in folders and set(folders) <= set(PARTS)
    rule = "must hold train, and perhaps val and test, or classes"
    require(is_known, "data.path", rule, ", ".join(folders))
    _name_loose_images(root, skipped)
    return {folder.name: folder for folder in _folders(root, skipped)}


def _folders(folder: Path, skipped: Skipped) -> list[Path]:
    """The folders in ``folder`` that may be classes or parts, in the order of their names."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.name in LITTER:
            skipped.add(path, "left by a system")
        elif path.is_dir():
            if any(path.iterdir()):
                found.append(path)
            else:
                skipped.add(path, EMPTY)
    return found


def _class_folders(root: Path, skipped: Skipped) -> dict[str, Path]:
    """The class folders of one part by their names, in composed form."""
    _name_loose_images(root, skipped)
    folders: dict[str, Path] = {}
    for folder in _folders(root, skipped):
        name = unicodedata.normalize("NFC", folder.name)
        rule = f"must have one folder for the class {name}, in one Unicode form"
        require(name not in folders, "data.path", rule, str(folder))
        folders[name] = folder
    return folders


def _name_loose_images(folder: Path, skipped: Skipped) -> None:
    for path in sorted(folder.iterdir()):
        if path.is_file() and _reason_to_skip(path) is None:
            skipped.add(path, LOOSE)


def _check_not_a_split(classes: Sequence[Path]) -> None:
    """Refuse training/a, training/b, validation/a, validation/b: parts with names of their own."""
    inner = [{path.name for path in _folders(folder, Skipped())} for folder in classes]
    shared = set.intersection(*inner)
    if len(shared) >= _SHARED_NAMES:
        rule = (
            "must hold a folder for each class, or parts called train, val and test: every folder "
            f"in it holds {', '.join(sorted(shared)[:_SHARED_NAMES])}"
        )
        raise InvalidValue("data.path", rule, ", ".join(folder.name for folder in classes))


def _list_part(
    root: Path, folders: dict[str, Path], names: Sequence[str], skipped: Skipped
) -> PartListing:
    """The image files of one part, class by class, and their labels."""
    paths: list[Path] = []
    labels: list[int] = []
    for name in sorted(folders):
        found = _images_below(folders[name], skipped)
        rule = "every class folder must hold images that Pillow reads"
        require(len(found) > 0, "data.path", rule, str(folders[name]))
        paths += found
        labels += [names.index(name)] * len(found)

    require(len(paths) > 0, "data.path", "every part must hold folders of images", str(root))
    return PartListing(tuple(paths), np.array(labels, np.int32))


def _images_below(folder: Path, skipped: Skipped) -> list[Path]:
    """The image files of a class, also those in folders of its folder and behind links.

    Raises:
        InvalidValue: A folder cannot be read.
    """
    found = []
    entered = [folder.resolve()]
    for home, inner, files in os.walk(folder, onerror=_refuse_folder, followlinks=True):
        # os.walk goes on with what is left in the list.
        for name in sorted(inner):
            path = Path(home, name)
            reason = _reason_to_stay_out(path, entered)
            if reason is not None:
                inner.remove(name)
                skipped.add(path, reason)
            elif path.is_symlink():
                entered.append(path.resolve())
        for name in files:
            path = Path(home, name)
            reason = _reason_to_skip(path)
            if reason is None:
                found.append(path)
            else:
                skipped.add(path, reason)
    return sorted(found)


def _refuse_folder(error: OSError) -> NoReturn:
    raise InvalidValue("data.path", "every folder in it must be readable", str(error)) from error


def _reason_to_stay_out(path: Path, entered: Sequence[Path]) -> str | None:
    """Why a folder in a class is not read; None if it is.

    Args:
        path: The folder, or a link to one.
        entered: The folder of the class, and those that links led to.
    """
    if path.name in LITTER or path.name.startswith("."):
        return "left by a system"
    if not path.is_symlink():
        return None
    # Links may lead in a circle, or to the same images twice.
    target = path.resolve()
    for each in entered:
        if target.is_relative_to(each) or each.is_relative_to(target):
            return _LINK_BACK
    return None


def _reason_to_skip(path: Path) -> str | None:
    """Why a file is no image of its class; None if it is one, by its name."""
    if path.name in LITTER or path.name.startswith("."):
        return "left by a system"
    if not path.is_file():
        # A named pipe would be waited for.
        return "not a regular file"
    if path.suffix.lower() not in readable_suffixes():
        return f"not an image by its name ({path.suffix.lower() or 'no suffix'})"
    return None
