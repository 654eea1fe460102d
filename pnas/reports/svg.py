"""SVG as text: elements whose attributes and contents are always escaped."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from pnas.reports.palette import INK

Point = tuple[float, float]

FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
_NAMESPACE = "http://www.w3.org/2000/svg"


def element(name: str, *content: object, **attributes: object) -> Markup:
    """Return ``<name attribute="...">content</name>``.

    Args:
        name: Name of the element.
        *content: Text, which is escaped, or markup, which is not.
        **attributes: ``_`` in names stands for ``-``; a trailing ``_`` is dropped; None leaves an
            attribute out.
    """
    written = Markup("")
    for key, value in attributes.items():
        if value is not None:
            attribute = key.strip("_").replace("_", "-")
            written += Markup(' {}="{}"').format(attribute, _shortened(value))

    inner = Markup("").join(escape(part) for part in content)
    return Markup("<{}{}>{}</{}>").format(name, written, inner, name)


def drawing(
    width: float, height: float, *content: Markup, title: str = "", **attributes: object
) -> Markup:
    """Return a whole SVG of ``width`` x ``height`` units.

    Args:
        width: Width in units, which are pixels of a browser.
        height: Height in units.
        *content: Elements of the drawing, the first at the back.
        title: What the drawing shows, for those who cannot see it.
        **attributes: Further attributes of the ``<svg>`` element.
    """
    parts = [element("title", title), *content] if title else list(content)
    return element(
        "svg",
        *parts,
        xmlns=_NAMESPACE,
        role="img",
        font_family=FONT,
        # As an attribute, which no Python keyword can spell: it is case-sensitive.
        **{"viewBox": f"0 0 {_shortened(width)} {_shortened(height)}"},
        width=round(width),
        height=round(height),
        **attributes,
    )


def text(x: float, y: float, content: object, **attributes: object) -> Markup:
    """Return text whose baseline starts (or, by ``text_anchor``, ends or is centred) at (x, y)."""
    style: Mapping[str, object] = {"font_size": 12, "fill": INK, **attributes}
    return element("text", content, x=float(x), y=float(y), **style)


def path(commands: str, **attributes: object) -> Markup:
    """Return a path that is not filled unless ``fill`` says so."""
    style: Mapping[str, object] = {"fill": "none", **attributes}
    return element("path", d=commands, **style)


def polyline(points: Sequence[Point], **attributes: object) -> Markup:
    """Return straight lines from point to point."""
    corners = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return path(f"M{corners}", **attributes)


def _shortened(value: object) -> object:
    """Two decimals of a unit are far below what a screen shows, and half the size of a file."""
    if not isinstance(value, float):
        return value
    return f"{value:.2f}".rstrip("0").rstrip(".")
