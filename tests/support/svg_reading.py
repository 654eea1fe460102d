"""What an SVG shows: its texts, and the ids of its elements."""

from pathlib import Path
from xml.etree import ElementTree

from PIL import Image

SVG = "{http://www.w3.org/2000/svg}"


def texts_of(svg: str) -> list[str]:
    """Return the texts of an SVG, each as written."""
    elements = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return ["".join(element.itertext()) for element in elements]


def texts_in(path: Path) -> list[str]:
    """Return the texts of an SVG file."""
    return texts_of(path.read_text("utf-8"))


def ids_in(path: Path, prefix: str) -> list[str]:
    """Return the ids of an SVG file's elements that begin with ``prefix``."""
    names = [element.get("id") or "" for element in ElementTree.parse(path).iter()]
    return [name for name in names if name.startswith(prefix)]


def size_of_png(path: Path) -> tuple[int, int]:
    """Return width and height of a PNG, after reading all of it."""
    with Image.open(path) as image:
        image.verify()
        return image.size
