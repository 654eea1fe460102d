"""Pictures as files: SVG as it is, PNG rendered from the same SVG by resvg."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from markupsafe import Markup

from pnas.errors import InvalidValue, NotWritable
from pnas.system.atomic_write import atomic_write

UNITS_PER_INCH = 96
"""Units of a drawing in an inch: CSS pixels."""


def check_picture_suffix(path: Path | str) -> Path:
    """Return ``path`` if a picture can be saved under it.

    Raises:
        InvalidValue: A suffix other than .png and .svg.
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".svg"):
        raise InvalidValue("task.output", "must end in .png or .svg", str(path))
    return path


def save_picture(picture: Markup, path: Path | str, dpi: int = 150) -> Path:
    """Write ``picture`` to ``path`` as its suffix says, whole or not at all.

    Args:
        picture: An ``<svg>`` element.
        path: Path of the file (.png or .svg). Its directory is made as needed.
        dpi: Pixels per inch of a PNG.

    Returns:
        The path.

    Raises:
        InvalidValue: Another suffix.
        NotWritable: There is no room or no permission; an earlier file stays as it was.
    """
    path = check_picture_suffix(path)
    if path.suffix.lower() == ".svg":
        content = f"{picture}\n".encode()
    else:
        content = render_png(picture, zoom=dpi / UNITS_PER_INCH)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as draft:
            draft.write_bytes(content)
    except OSError as error:
        raise NotWritable(f"{path}: cannot be written ({error.strerror})") from error
    return path


def render_png(picture: Markup, zoom: float) -> bytes:
    """Return an ``<svg>`` element as PNG, ``zoom`` pixels a unit, on white."""
    # Imported here: a report, which is HTML, does not need it.
    import resvg_py

    fonts = _font_files()
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=str(picture),
            background="#ffffff",
            zoom=zoom,
            font_files=fonts,
            skip_system_fonts=bool(fonts),
        )
    )


@cache
def _font_files() -> list[str]:
    """Paths of DejaVu Sans as matplotlib ships it, so that a PNG looks the same on every machine.

    Empty without matplotlib (MLflow depends on it): then the system's fonts have to do.
    """
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    files = [folder / "DejaVuSans.ttf", folder / "DejaVuSans-Bold.ttf"]
    return [str(file) for file in files if file.is_file()]
