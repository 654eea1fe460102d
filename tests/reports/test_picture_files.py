"""Pictures as files: whole or not at all, and a PNG with its text on every machine."""

import io
from pathlib import Path

import pytest
from PIL import Image

from pnas.errors import InvalidValue, NotWritable
from pnas.reports.picture_files import render_png, save_picture
from pnas.reports.svg import drawing, element, text

WHITE = (255, 255, 255)
PICTURE = drawing(40, 20, element("rect", x=0, y=0, width=10, height=20, fill="#ff0000"))


def pixels_of(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def test_a_png_is_on_white_and_to_scale() -> None:
    image = pixels_of(render_png(PICTURE, zoom=2.0))
    assert image.size == (80, 40)
    assert image.getpixel((10, 20)) == (255, 0, 0)
    assert image.getpixel((60, 20)) == WHITE


def test_text_needs_no_font_of_the_system() -> None:
    image = pixels_of(render_png(drawing(60, 20, text(2, 15, "ρ = 1")), zoom=1.0))
    assert image.getextrema() != ((255, 255), (255, 255), (255, 255))


def test_an_svg_is_written_as_it_is(tmp_path: Path) -> None:
    path = save_picture(PICTURE, tmp_path / "new" / "picture.SVG")
    assert path.read_text("utf-8") == f"{PICTURE}\n"


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"task\.output: must end in \.png or \.svg"):
        save_picture(PICTURE, tmp_path / "picture.pdf")


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritable, match="cannot be written"):
        save_picture(PICTURE, tmp_path / "file" / "picture.svg")
