"""Paths that people type: names of what exists, or glob patterns."""

import glob
from pathlib import Path


def matching_paths(name: str | Path) -> list[Path]:
    """Return the paths that ``name`` stands for; none if nothing is there.

    A name that exists is never read as a pattern, since names of runs may hold [brackets]. The
    matches of a pattern (``**`` included) are sorted by name, numbers by value: the jobs of a
    sweep are numbered, and 10 comes after 9.

    Args:
        name: Path or pattern; ``~`` is the home directory.
    """
    path = Path(name).expanduser()
    if path.exists():
        return [path]
    matches = map(Path, glob.glob(str(path), recursive=True))
    return sorted(matches, key=numbered_order)


def numbered_order(path: Path) -> tuple[str, int, str]:
    """Sort key of ``path``: by folder, then names that are numbers by value, after all others."""
    number = int(path.name) if path.name.isdecimal() else -1
    return str(path.parent), number, path.name
