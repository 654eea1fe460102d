"""Folders as people have them: many formats, nested, litter, transparency, damaged files."""

import io
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pnas.data import check_data, load_dataset
from pnas.data.image_files import Decoding, ImageFiles, decode
from pnas.errors import InvalidValue

RNG = np.random.default_rng(0)


def picture(size: int = 16) -> Image.Image:
    return Image.fromarray(RNG.integers(0, 256, (size, size, 3), dtype=np.uint8))


def fill(folder: Path, count: int = 12) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        picture().save(folder / f"{index}.png")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of 12 images each."""
    for name in ("a", "b"):
        fill(tmp_path / "photos" / name)
    return tmp_path / "photos"


def images_in(photos: Path, **options: object) -> int:
    info = check_data("image_folder", path=photos, **options)
    return info.train + info.val + info.test


@pytest.mark.parametrize(
    "suffix", ["webp", "bmp", "gif", "tif", "tiff", "jpe", "jfif", "JPG", "PNG", "ppm"]
)
def test_every_format_that_pillow_reads_is_used(suffix: str, photos: Path) -> None:
    formats = {"jpe": "JPEG", "jfif": "JPEG", "JPG": "JPEG"}
    picture().save(photos / "a" / f"x.{suffix}", format=formats.get(suffix))
    assert images_in(photos) == 25


def test_folders_below_a_class_count_as_that_class_s(photos: Path) -> None:
    fill(photos / "a" / "more", 6)
    info = check_data("image_folder", path=photos)
    assert info.class_names == ("a", "b")
    assert sum(counts[0] for counts in info.class_counts.values()) == 18
    assert sum(counts[1] for counts in info.class_counts.values()) == 12


def test_litter_is_skipped_and_named(photos: Path) -> None:
    for folder in ("__MACOSX", "@eaDir", "lost+found", "new folder", "a/x.jpg"):
        (photos / folder).mkdir()
    (photos / "a" / "README.txt").write_text("photos of last summer\n")
    (photos / "b" / ".DS_Store").write_bytes(b"\0")
    os.mkfifo(photos / "b" / "pipe.png")
    info = check_data("image_folder", path=photos)
    assert info.train + info.val + info.test == 24
    assert {note for note in info.notes if note.startswith("skipped")} == {
        "skipped 4 left by a system: @eaDir, ...",
        "skipped 1 empty folder: new folder",
        "skipped 1 not an image by its name (.txt): a/README.txt",
        "skipped 1 not a regular file: b/pipe.png",
    }


def damage(photos: Path) -> None:
    """An empty file, which its header gives away, and one whose pixels end in the middle."""
    (photos / "a" / "empty.jpg").write_bytes(b"")
    whole = io.BytesIO()
    picture(64).resize((16, 16)).save(whole, "PNG")
    content = whole.getvalue()
    (photos / "b" / "cut.png").write_bytes(content[: len(content) // 2])


def test_all_bad_images_are_named_with_reasons_in_one_pass(photos: Path) -> None:
    for index in range(11):
        (photos / "a" / f"bad{index}.png").write_bytes(b"no image")
    with pytest.raises(InvalidValue, match="11 of 35 are not") as caught:
        check_data("image_folder", path=photos)
    assert str(caught.value).count("not an image that Pillow knows") == 10
    assert "and 1 more" in str(caught.value)


def test_damaged_pixels_are_found_by_the_plan(photos: Path) -> None:
    damage(photos)
    (photos / "a" / "empty.jpg").unlink()
    check_data("image_folder", path=photos)  # headers are whole
    with pytest.raises(InvalidValue, match=r"1 of 25 are not: .*cut\.png \(.+\)"):
        check_data("image_folder", path=photos, read_pixels=True)


def test_empty_and_damaged_files_are_named_in_one_pass(photos: Path) -> None:
    damage(photos)
    with pytest.raises(InvalidValue, match=r"2 of 26 are not: .*empty\.jpg .*cut\.png"):
        check_data("image_folder", path=photos, read_pixels=True)


def test_unreadable_images_are_left_out_when_asked(photos: Path) -> None:
    damage(photos)
    info = check_data("image_folder", path=photos, skip_unreadable=True)
    assert info.train + info.val + info.test == 24
    notes = [note for note in info.notes if "unreadable" in note]
    assert len(notes) == 2
    data = load_dataset("image_folder", path=photos, skip_unreadable=True)
    assert len(data.x_train) == info.train


def test_at_most_a_tenth_is_left_out(photos: Path) -> None:
    for index in range(3):
        (photos / "a" / f"bad{index}.png").write_bytes(b"no image")
    with pytest.raises(InvalidValue, match="3 of 27 are not"):
        check_data("image_folder", path=photos, skip_unreadable=True)


def test_pillow_s_limit_is_called_that(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(InvalidValue, match="limit against decompression bombs"):
        check_data("image_folder", path=photos)


def shape_on_nothing(mode: str) -> Image.Image:
    """A black square on a transparent ground."""
    image = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    x, y = RNG.integers(0, 10, 2).tolist()
    ImageDraw.Draw(image).rectangle((x, y, x + 5, y + 5), fill=(0, 0, 0, 255))
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("channels", [1, 3])
def test_transparency_is_laid_over_the_background(mode: str, channels: int, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for index in range(20):
            shape_on_nothing(mode).save(tmp_path / name / f"{index}.png")
    info = check_data("image_folder", path=tmp_path, channels=channels, read_pixels=True)
    assert not [note for note in info.notes if "constant" in note]
    path = tmp_path / "a" / "0.png"
    white = decode(path, Decoding((16, 16, channels)))
    assert (white == 255).sum() == (16 * 16 - 36) * channels
    assert (white == 0).sum() == 36 * channels
    assert (decode(path, Decoding((16, 16, channels), "black")) == 0).all()
    grey = decode(path, Decoding((16, 16, channels), "#808080"))
    assert (grey == 128).sum() == (16 * 16 - 36) * channels


def test_opaque_images_do_not_change(photos: Path) -> None:
    path = photos / "a" / "0.png"
    before = np.asarray(Image.open(path))
    Image.open(path).convert("RGBA").save(path)
    np.testing.assert_array_equal(decode(path, Decoding((16, 16, 3))), before)


def test_sixteen_bits_are_scaled_on_request(tmp_path: Path) -> None:
    pixels = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for index in range(6):
            Image.fromarray(np.roll(pixels, index)).save(tmp_path / name / f"{index}.png")
    with pytest.raises(InvalidValue, match=r"data\.convert_16_bit=true"):
        check_data("image_folder", path=tmp_path)
    info = check_data("image_folder", path=tmp_path, convert_16_bit=True)
    assert info.image_shape == (16, 16, 1)
    read = ImageFiles((tmp_path / "a" / "0.png",), Decoding((16, 16, 1), "white", True))
    np.testing.assert_array_equal(read[np.array([0])].reshape(-1), np.arange(256).astype(np.uint8))


def test_class_names_are_compared_in_composed_form(tmp_path: Path) -> None:
    composed = unicodedata.normalize("NFC", "café")
    decomposed = unicodedata.normalize("NFD", "café")
    for part, name in (("train", composed), ("val", decomposed)):
        fill(tmp_path / part / name, 6)
        fill(tmp_path / part / "tea", 6)
    info = check_data("image_folder", path=tmp_path)
    assert info.class_names == (composed, "tea")
    assert info.val == 12


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda index: Image.new("RGB", (16, 16), (index, 0, 0)), "images are constant"),
        (lambda index: picture() if index == 0 else Image.open("same.png"), "are identical"),
    ],
)
def test_images_without_information_are_named(
    make: Callable[[int], Image.Image], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    picture().save("same.png")
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for index in range(10):
            make(index).save(tmp_path / "photos" / name / f"{index}.png")
    info = check_data("image_folder", path=tmp_path / "photos", read_pixels=True)
    assert any(said in note for note in info.notes)


def test_imbalance_and_a_small_validation_part_are_named(tmp_path: Path) -> None:
    labels = np.repeat(np.arange(20), np.geomspace(300, 5, 20).round().astype(int))
    images = RNG.integers(0, 256, (len(labels), 8, 8, 1)).astype(np.uint8)
    np.savez(tmp_path / "skewed.npz", x_train=images, y_train=labels)
    notes = check_data("npz", path=tmp_path / "skewed.npz").notes
    assert any(
        note.startswith("imbalanced classes: 180 training images of 0, 3 of 19") for note in notes
    )

    few = check_data("npz", path=tmp_path / "skewed.npz", val_size=20).notes
    assert any(note.startswith("20 validation images: a reward can take 21 values") for note in few)


def test_classes_without_an_image_in_a_given_part_are_named(tmp_path: Path) -> None:
    for part, classes in (("train", "abcdefgh"), ("val", "abcdefgh"), ("test", "a")):
        for name in classes:
            fill(tmp_path / part / name, 3)
    notes = check_data("image_folder", path=tmp_path).notes
    assert (
        "no test images of b, c, d, e, f and 2 more: test accuracy says nothing of such images"
        in notes
    )
    assert not [note for note in notes if note.startswith("no validation")]
    without_test = check_data("image_folder", path=tmp_path, test_size=0).notes
    assert not [note for note in without_test if note.startswith("no test")]


def test_images_behind_links_are_read_once(photos: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    picture().save(elsewhere / "far.png")
    (elsewhere / "back").symlink_to(elsewhere)
    before = images_in(photos)
    first, second = sorted(photos.iterdir())[:2]
    (first / "more").symlink_to(elsewhere)
    (first / "again").symlink_to(elsewhere)
    (second / "all").symlink_to(photos)
    assert images_in(photos) == before + 1
    skipped = check_data("image_folder", path=photos).notes[0]
    # The circle within, the second link to the same folder, and the one to the folder above.
    assert skipped.startswith("skipped 3 links to folders that are read already: ")


def test_images_beside_the_class_folders_are_named(photos: Path) -> None:
    picture().save(photos / "loose.png")
    (photos / "readme.md").write_text("not an image")
    notes = check_data("image_folder", path=photos).notes
    assert "skipped 1 image outside of the folders of classes: loose.png" in notes


def test_a_folder_that_cannot_be_read_is_refused(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = sorted(photos.iterdir())[0] / "inner"
    inner.mkdir()
    scan = os.scandir

    def scan_but_one(path: Path) -> Any:
        if Path(path) == inner:
            raise PermissionError(13, "Permission denied", str(inner))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scan_but_one)
    with pytest.raises(InvalidValue, match=r"every folder in it must be readable.*inner"):
        check_data("image_folder", path=photos)


def test_a_class_that_may_not_be_entered_is_refused(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = sorted(photos.iterdir())[0]
    iterate = Path.iterdir

    def iterate_but_one(path: Path) -> Any:
        if path == closed:
            raise PermissionError(13, "Permission denied", str(closed))
        return iterate(path)

    monkeypatch.setattr(Path, "iterdir", iterate_but_one)
    with pytest.raises(InvalidValue, match=r"data.path: every folder in it must be readable.*a'"):
        check_data("image_folder", path=photos)


def split_of(photos: Path) -> Path:
    """The same classes as a split: 12 images of each to train on, and 6 to validate."""
    for part, count in (("train", 12), ("val", 6)):
        for name in ("a", "b"):
            fill(photos.parent / "split" / part / name, count)
    return photos.parent / "split"


def notes_on_links(folder: Path) -> list[str]:
    notes = check_data("image_folder", path=folder).notes
    return [note for note in notes if "by links" in note]


def test_images_beside_the_parts_are_named(photos: Path) -> None:
    split = split_of(photos)
    picture().save(split / "loose.png")
    notes = check_data("image_folder", path=split).notes
    assert "skipped 1 image outside of the folders of classes: loose.png" in notes


def test_a_link_from_one_class_into_another_is_named(photos: Path) -> None:
    assert not notes_on_links(photos)
    (photos / "b" / "more").symlink_to(photos / "a")
    said = "12 images have two labels, by links: a/0.png is "
    assert notes_on_links(photos) == [f"{said}b/more/0.png, ..."]
    (photos / "b" / "more").unlink()
    (photos / "c").symlink_to(photos / "a")
    assert notes_on_links(photos) == [f"{said}c/0.png, ..."]


def test_a_link_to_an_image_of_the_class_is_named(photos: Path) -> None:
    (photos / "a" / "copy.png").symlink_to(photos / "a" / "3.png")
    assert notes_on_links(photos) == ["1 image is listed twice, by links: a/3.png is a/copy.png"]


def test_a_link_from_one_part_into_another_is_named(photos: Path) -> None:
    split = split_of(photos)
    (split / "val" / "b" / "more.png").hardlink_to(split / "train" / "b" / "0.png")
    assert notes_on_links(split) == [
        "1 image is in two parts, by links: train/b/0.png is val/b/more.png"
    ]
