"""Paths as a command prints them."""

from pathlib import Path


def relative(path: Path) -> Path:
    """Return ``path`` relative to the working directory, if it lies below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
