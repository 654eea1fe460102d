"""Folders of image files, made of tiny images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pnas.data import check_data, load_dataset
from pnas.data.image_files import BadImage, Decoding, ImageFiles
from pnas.errors import InvalidValue

SIZE = (6, 4)  # width, height


def image(seed: int, mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    return (picture.convert("RGB") if mode == "P" else picture).convert(mode)


def fill(folder: Path, count: int = 5, mode: str = "RGB", suffix: str = "png") -> None:
    folder.mkdir(parents=True)
    for i in range(count):
        image(i + 100 * len(folder.name), mode).save(folder / f"{i}.{suffix}")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """photos/{ant,bee,wasp}/0.png to 4.png"""
    for name in ("wasp", "ant", "bee"):
        fill(tmp_path / "photos" / name)
    return tmp_path / "photos"


def test_one_folder_a_class(photos: Path) -> None:
    data = load_dataset("image_folder", path=photos)
    assert data.class_names == ("ant", "bee", "wasp")
    assert data.num_classes == 3
    assert data.image_shape == (4, 6, 3)
    assert len(data.x_train) == 9
    assert len(data.x_val) == 3
    assert len(data.x_test) == 3
    assert sorted(data.y_val) == [0, 1, 2]
    assert sorted(data.y_test) == [0, 1, 2]


def test_pixels_and_labels_belong_together(photos: Path) -> None:
    data = load_dataset("image_folder", path=photos)
    raw = np.round(data.x_train * data.std + data.mean).astype(np.uint8)
    for pixels, label in zip(raw, data.y_train, strict=True):
        folder = photos / data.class_names[label]
        stored = [np.asarray(Image.open(path)) for path in folder.glob("*.png")]
        assert any(np.array_equal(pixels, image) for image in stored)


def test_a_given_split(tmp_path: Path) -> None:
    for part, count in (("train", 6), ("val", 3), ("test", 2)):
        for name in ("cat", "dog"):
            fill(tmp_path / part / name, count)
    data = load_dataset("image_folder", path=tmp_path)
    assert data.y_train.tolist() == [0] * 6 + [1] * 6
    assert data.y_val.tolist() == [0] * 3 + [1] * 3
    assert data.y_test.tolist() == [0] * 2 + [1] * 2


def test_train_may_be_a_class(tmp_path: Path) -> None:
    fill(tmp_path / "train")
    fill(tmp_path / "plane")
    assert load_dataset("image_folder", path=tmp_path).class_names == ("plane", "train")


@pytest.mark.parametrize(
    ("modes", "channels", "expected"),
    [
        (("L", "L"), None, 1),
        (("1", "LA"), None, 1),
        (("L", "RGB"), None, 3),
        (("P", "L"), None, 3),
        (("RGBA", "RGBA"), None, 3),
        (("RGBA", "L"), 4, 4),
        (("RGB", "L"), 1, 1),
        (("L", "L"), 3, 3),
    ],
)
def test_channels(
    modes: tuple[str, str], channels: int | None, expected: int, tmp_path: Path
) -> None:
    for name, mode in zip("ab", modes, strict=True):
        fill(tmp_path / name, mode=mode)
    data = load_dataset("image_folder", path=tmp_path, channels=channels)
    assert data.image_shape == (4, 6, expected)
    assert check_data("image_folder", path=tmp_path, channels=channels).image_shape == (
        4,
        6,
        expected,
    )


def test_jpeg_suffixes_and_files_that_are_left_out(tmp_path: Path) -> None:
    for name, suffix in (("a", "jpg"), ("b", "JPEG")):
        fill(tmp_path / name, suffix=suffix)
        (tmp_path / name / "notes.txt").write_text("not an image")
        (tmp_path / name / "._0.png").write_text("left by a file manager")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "readme.md").write_text("hello")
    info = check_data("image_folder", path=tmp_path)
    assert (info.train, info.val, info.test, info.num_classes) == (6, 2, 2, 2)


def test_photographs_are_turned_upright(tmp_path: Path) -> None:
    for name in "ab":
        fill(tmp_path / name)
    sideways = image(1, size=(SIZE[1], SIZE[0]))
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways.save(tmp_path / "a" / "5.png", exif=exif)
    assert load_dataset("image_folder", path=tmp_path).image_shape == (4, 6, 3)
    turned = ImageFiles((tmp_path / "a" / "5.png",), Decoding((4, 6, 3)))[np.array([0])]
    np.testing.assert_array_equal(turned[0], np.rot90(np.asarray(sideways), -1))


def test_images_of_different_sizes_are_resized_when_asked(photos: Path) -> None:
    image(7, size=(9, 9)).save(photos / "bee" / "9.png")
    with pytest.raises(
        InvalidValue, match=r"must be given, since .*0.png is 6x4 and .*9.png is 9x9"
    ) as caught:
        check_data("image_folder", path=photos)
    assert caught.value.key == "data.image_size"
    assert load_dataset("image_folder", path=photos, image_size=8).image_shape == (8, 8, 3)


def test_only_the_images_that_are_used_are_decoded(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Path] = []
    decode = ImageFiles._decode_into

    def spy(self: ImageFiles, target: np.ndarray, path: Path) -> BadImage | None:
        decoded.append(path)
        return decode(self, target, path)

    monkeypatch.setattr(ImageFiles, "_decode_into", spy)
    check_data("image_folder", path=photos)
    assert decoded == []
    load_dataset("image_folder", path=photos, train_size=3, val_size=4, test_size=0)
    assert len(decoded) == len(set(decoded)) == 7


def test_unreadable_images_are_named(photos: Path) -> None:
    file = photos / "bee" / "2.png"
    whole = file.read_bytes()
    for content in (b"", b"no image", whole[:40], whole[:-30]):
        file.write_bytes(content)
        with pytest.raises(
            InvalidValue, match=r"1 of \d+ are not: .*/bee/2.png \(.+\)\. Received: '.*/bee/2.png'"
        ) as caught:
            load_dataset("image_folder", path=photos)
        assert caught.value.key == "data.path"


def test_images_of_more_than_8_bits_are_refused(photos: Path) -> None:
    Image.fromarray(np.zeros((4, 6), np.uint16)).save(photos / "bee" / "2.png")
    with pytest.raises(InvalidValue, match=r"bee/2.png \(mode I;16: data.convert_16_bit=true"):
        check_data("image_folder", path=photos)


def test_folders_that_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    fill(tmp_path / "lonely" / "ant")
    for name in "ab":
        fill(tmp_path / "typo" / "train" / name)
        fill(tmp_path / "typo" / "valid" / name)
        fill(tmp_path / "no_train" / "val" / name)
        fill(tmp_path / "nested" / "training" / name)
        fill(tmp_path / "nested" / "validation" / name)
        fill(tmp_path / "flat_val" / "train" / name)
        fill(tmp_path / "extra" / "train" / name)
    fill(tmp_path / "few" / "big")
    fill(tmp_path / "few" / "small", 2)
    (tmp_path / "few" / "new").mkdir()
    fill(tmp_path / "flat_val" / "val")
    fill(tmp_path / "extra" / "test" / "c")
    fill(tmp_path / "hollow" / "a")
    (tmp_path / "hollow" / "b").mkdir()
    fill(tmp_path / "texts" / "a")
    (tmp_path / "texts" / "b").mkdir()
    (tmp_path / "texts" / "b" / "notes.txt").write_text("no image")
    expected = {
        "missing": "must be a folder",
        "file": "must be a folder",
        "empty": "must have at least 2 folders",
        "lonely": r"must have at least 2 folders.*\['ant'\]",
        "typo": "must hold train, and perhaps val and test, or classes. Received: 'train, valid'",
        "no_train": "must hold train",
        "nested": "parts called train, val and test.*holds a, b. Received: 'training, validation'",
        "flat_val": "every part must hold folders of images.*flat_val/val",
        "extra": "classes of test must be those of train. Received: 'c'",
        "hollow": r"must have at least 2 folders.*1 empty folder left out: b.*\['a'\]",
        "texts": "every class folder must hold images that Pillow reads.*texts/b",
        "few": "at least 3 examples of every class.*empty folder.*: new.*'2 of class small'",
    }
    for name, message in expected.items():
        with pytest.raises(InvalidValue, match=message) as caught:
            check_data("image_folder", path=tmp_path / name)
        assert caught.value.key == "data.path"


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_upright_as_a_png_is(
    orientation: int, compression: str | None, tmp_path: Path
) -> None:
    for name in "ab":
        fill(tmp_path / name)
    # Two images of the same pixels and orientation; all others are upright.
    stored = image(1, size=SIZE if orientation < 5 else SIZE[::-1])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a" / "5.png", exif=exif)
    stored.save(tmp_path / "b" / "5.tiff", tiffinfo={0x0112: orientation}, compression=compression)
    assert check_data("image_folder", path=tmp_path).image_shape == (4, 6, 3)
    paths = (tmp_path / "a" / "5.png", tmp_path / "b" / "5.tiff")
    png, tiff = ImageFiles(paths, Decoding((4, 6, 3)))[np.array([0, 1])]
    np.testing.assert_array_equal(tiff, png)
