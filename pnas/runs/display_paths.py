"""Paths as a command prints them."""

from pathlib import Path


def relative(path: Path) -> Path:
    """``path`` as one would type it from here, if it lies below the working directory."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
