"""npz files, the named data sets, and every mistake a file can hold."""

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pnas.data import check_data, dataset_from_arrays, load_dataset, sources
from pnas.errors import InvalidValue

Arrays = dict[str, Any]
Save = Callable[[Arrays], str]


def one_hot(y: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes)[y]


ACCEPTED: dict[str, Callable[[Arrays], Arrays]] = {
    "uint8 labels": lambda a: {"y_train": a["y_train"].astype(np.uint8)},
    "uint64 labels": lambda a: {"y_train": a["y_train"].astype(np.uint64)},
    "column labels": lambda a: {"y_train": a["y_train"][:, None], "y_test": a["y_test"][:, None]},
    "one-hot labels": lambda a: {k: one_hot(a[k], 3) for k in ("y_train", "y_test")},
    "one-hot booleans": lambda a: {"y_train": one_hot(a["y_train"], 3).astype(bool)},
    "other keys": lambda _: {"note": np.array("made by hand")},
}


@pytest.mark.parametrize("variant", ACCEPTED)
def test_label_forms_give_the_same_data(variant: str, arrays: Arrays, save: Save) -> None:
    plain = dataset_from_arrays(**arrays)
    data = load_dataset("npz", path=save({**arrays, **ACCEPTED[variant](arrays)}))
    assert data.fingerprint == plain.fingerprint
    assert data.num_classes == 3
    assert data.y_train.dtype == np.int32


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_float_images_of_any_size_and_channels(dtype: type, channels: int, save: Save) -> None:
    x = np.random.default_rng(0).normal(size=(40, 9, 7, channels)).astype(dtype)
    path = save({"x_train": x, "y_train": np.arange(40) % 2})
    data = load_dataset("npz", path=path, pixel_range=[-5, 5])
    assert data.image_shape == (9, 7, channels)
    assert data.x_train.dtype == data.x_val.dtype == np.float32
    assert (
        len(data.x_train),
        len(data.x_val),
        len(data.y_test if data.y_test is not None else ()),
    ) == (
        24,
        8,
        8,
    )
    np.testing.assert_allclose(data.x_train.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(data.x_train.std(axis=(0, 1, 2)), 1, atol=1e-4)


def test_grey_images_without_channels(save: Save) -> None:
    x = np.random.default_rng(0).integers(0, 256, (20, 6, 5), dtype=np.uint8)
    grey = {"x_train": x, "y_train": np.arange(20) % 2}
    data = load_dataset("npz", path=save(grey))
    assert data.image_shape == (6, 5, 1)
    assert data.fingerprint == dataset_from_arrays(x[..., None], grey["y_train"]).fingerprint


def test_given_parts_stay_as_they_are(arrays: Arrays, save: Save) -> None:
    parts = {**arrays, "x_val": arrays["x_test"][:6], "y_val": arrays["y_test"][:6]}
    data = load_dataset("npz", path=save(parts))
    for part in ("train", "val", "test"):
        np.testing.assert_array_equal(getattr(data, f"y_{part}"), parts[f"y_{part}"])
        np.testing.assert_array_equal(
            getattr(data, f"x_{part}"), data.normalise(parts[f"x_{part}"])
        )


def test_the_byte_order_of_pixels_does_not_matter(arrays: Arrays, save: Save) -> None:
    native = {}
    swapped = {}
    for name, array in arrays.items():
        is_image = name.startswith("x_")
        native[name] = array.astype(np.uint16) * 257 if is_image else array
        swapped[name] = native[name].astype(">u2") if name == "x_test" else native[name]

    expected = load_dataset("npz", path=save(native)).fingerprint
    assert load_dataset("npz", path=save(swapped)).fingerprint == expected


def exclude_cells(*names: str) -> Callable[[Arrays], Arrays]:
    return lambda a: {name: array for name, array in a.items() if name not in names}


def replaced(**makers: Callable[[Arrays], Any]) -> Callable[[Arrays], Arrays]:
    return lambda a: {**a, **{name: make(a) for name, make in makers.items()}}


def with_pixel(name: str, value: float) -> Callable[[Arrays], Any]:
    def make(arrays: Arrays) -> np.ndarray:
        images = arrays[name].astype(np.float32)
        images[1, 2, 3, 0] = value
        return images

    return make


MISTAKES: dict[str, tuple[Callable[[Arrays], Arrays], str]] = {
    "nothing": (lambda _: {}, "must hold x_train, y_train"),
    "other names": (
        lambda a: {"images": a["x_train"], "labels": a["y_train"]},
        "Received: 'images, labels'",
    ),
    "no y_train": (
        exclude_cells("y_train"),
        "must hold x_train, y_train.*Received: 'x_test, x_train, y_test'",
    ),
    "no y_test": (exclude_cells("y_test"), "must hold x_train, y_train"),
    "misspelt part": (replaced(x_valid=lambda a: a["x_test"]), "must hold x_train.*x_valid"),
    "int64 images": (
        replaced(x_train=lambda a: a["x_train"].astype(int)),
        "x_train must be uint8, uint16 or float.*int64",
    ),
    "text images": (
        replaced(x_train=lambda a: a["x_train"].astype(str)),
        "x_train must be uint8, uint16 or float",
    ),
    "complex images": (
        replaced(x_train=lambda a: a["x_train"] * 1j),
        "x_train must be uint8, uint16 or float.*complex",
    ),
    "flat images": (
        replaced(x_train=lambda a: a["x_train"].reshape(30, -1)),
        r"must be \(n, H, W\).*\(30, 90\)",
    ),
    "a scalar": (replaced(x_train=lambda _: np.uint8(3)), r"must be \(n, H, W\)"),
    "5 channels": (
        replaced(x_train=lambda _: np.zeros((30, 6, 5, 5), np.uint8)),
        "1 to 4 channels",
    ),
    "channels first": (
        replaced(x_train=lambda a: a["x_train"].transpose(0, 3, 1, 2)),
        "1 to 4 channels",
    ),
    "no channels": (replaced(x_train=lambda a: a["x_train"][..., :0]), "1 to 4 channels"),
    "no images": (replaced(x_train=lambda a: a["x_train"][:0]), "x_train must not be empty"),
    "no width": (replaced(x_train=lambda a: a["x_train"][:, :, :0]), "x_train must not be empty"),
    "empty test": (replaced(x_test=lambda a: a["x_test"][:0]), "x_test must not be empty"),
    "NaN": (
        replaced(x_train=with_pixel("x_train", np.nan)),
        "x_train must be finite.*1 NaN or infinite",
    ),
    "infinity": (replaced(x_test=with_pixel("x_test", -np.inf)), "x_test must be finite"),
    "beyond float32": (
        replaced(x_train=lambda _: np.full((30, 6, 5, 3), 1e300)),
        "x_train must be finite",
    ),
    "other channels in test": (
        replaced(x_test=lambda a: a["x_test"][..., :1]),
        "x_test must hold .* as x_train",
    ),
    "other size in test": (
        replaced(x_test=lambda a: a["x_test"][:, :5]),
        "x_test must hold .* as x_train",
    ),
    "other type in test": (
        replaced(x_test=lambda a: a["x_test"] / 255),
        "x_test must be uint8 as x_train is",
    ),
    "bytes of two sizes": (
        replaced(
            x_train=lambda a: a["x_train"].astype(np.uint16), x_test=lambda a: a["x_test"] / 1
        ),
        "x_test must be uint16 as x_train is. Received: 'float'",
    ),
    "fewer labels": (
        replaced(y_train=lambda a: a["y_train"][:29]),
        "y_train must have 30 labels.*29",
    ),
    "no labels": (replaced(y_train=lambda a: a["y_train"][:0]), r"y_train must be \(n,\)"),
    "text labels": (
        replaced(y_train=lambda a: a["y_train"].astype(str)),
        "y_train must hold integer or one-hot",
    ),
    "float labels": (
        replaced(y_train=lambda a: a["y_train"] + 0.5),
        "y_train must hold integer or one-hot",
    ),
    "negative labels": (
        replaced(y_train=lambda a: a["y_train"] - 1),
        "y_train must not hold negative.*-1",
    ),
    "labels from 1": (
        replaced(y_train=lambda a: a["y_train"] + 1),
        "every class 0 to 3.*none of class 0",
    ),
    "huge labels": (replaced(y_train=lambda a: a["y_train"] * 10**12), "none of class 1, 2, 3, 4"),
    "one class": (replaced(y_train=lambda a: a["y_train"] * 0), "at least 2 classes"),
    "class not in train": (
        replaced(y_test=lambda a: a["y_test"] + 1),
        "y_test must hold labels 0 to 2.*label 3",
    ),
    "a gap": (
        replaced(y_train=lambda a: np.where(a["y_train"] == 1, 0, a["y_train"])),
        "none of class 1",
    ),
    "two-hot": (replaced(y_train=lambda _: np.ones((30, 3))), "y_train must be one-hot"),
    "soft labels": (replaced(y_train=lambda _: np.full((30, 2), 0.5)), "y_train must be one-hot"),
    "empty one-hot": (replaced(y_train=lambda _: one_hot(np.arange(30) % 3, 4)), "none of class 3"),
    "3-d labels": (
        replaced(y_train=lambda _: np.zeros((30, 1, 1), int)),
        r"y_train must be \(n,\)",
    ),
    "wider one-hot": (
        replaced(y_test=lambda a: one_hot(a["y_test"] + 1, 4)),
        "y_test must .*label 3",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_arrays_that_do_not_fit_are_refused(mistake: str, arrays: Arrays, save: Save) -> None:
    spoil, message = MISTAKES[mistake]
    path = save(spoil(arrays))
    for read in (check_data, load_dataset):
        with pytest.raises(InvalidValue, match=message) as caught:
            read("npz", path=path)
        assert caught.value.key == "data.path"
        assert "\n" not in str(caught.value)


def test_pickled_objects_are_never_read(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "exploded",)

    x = np.empty(3, object)
    x[:] = [Bomb()] * 3
    np.savez(tmp_path / "bomb.npz", x_train=x, y_train=np.arange(3))
    with pytest.raises(InvalidValue, match="plain array, not pickled objects"):
        load_dataset("npz", path=tmp_path / "bomb.npz")
    assert not (tmp_path / "exploded").exists()


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)


def test_files_that_are_no_npz(arrays: Arrays, save: Save, tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("not an archive")
    np.save(tmp_path / "array.npy", arrays["x_train"])
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as archive:
        archive.writestr("x_train.npy", "not an array")
    damage(Path(save(arrays)))
    expected = {
        "missing.npz": "must be an .npz file that exists",
        ".": "must be an .npz file that exists",
        "text.npz": "must be an .npz archive",
        "array.npy": "must be an .npz archive",
        "zip.npz": "must hold arrays only|must be readable",
        "data.npz": "must be readable",
    }
    for name, message in expected.items():
        with pytest.raises(InvalidValue, match=message) as caught:
            load_dataset("npz", path=str(tmp_path / name))
        assert caught.value.key == "data.path"


def test_a_local_file_of_a_named_set_must_look_like_it(arrays: Arrays, save: Save) -> None:
    with pytest.raises(
        InvalidValue, match=r"must have examples of every class 0 to 9.*3, 4, 5, 6, 7"
    ):
        load_dataset("cifar10", path=save(arrays))
    ten = {"x_train": arrays["x_train"], "y_train": np.arange(30) % 10}
    with pytest.raises(InvalidValue, match=r"must hold \(32, 32, 3\) images with data=cifar10"):
        load_dataset("cifar10", path=save(ten))


def test_a_local_file_of_a_named_set(save: Save) -> None:
    x = np.random.default_rng(0).integers(0, 256, (100, 28, 28), dtype=np.uint8)
    y = np.arange(100) % 10
    path = save({"x_train": x, "y_train": y, "x_test": x[:50], "y_test": y[:50]})
    data = load_dataset("fashion_mnist", path=path)
    assert data.name == "fashion_mnist"
    assert (len(data.x_train), len(data.x_val), data.image_shape) == (80, 20, (28, 28, 1))
    assert data.fingerprint == load_dataset("npz", path=path).fingerprint


def test_digits_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    read, read_labels = sources._pixels_and_labels_of_digits()
    np.testing.assert_array_equal(read, pixels)
    np.testing.assert_array_equal(read_labels, labels)

    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    read, read_labels = sources._pixels_and_labels_of_digits()
    np.testing.assert_array_equal(read, pixels)
    np.testing.assert_array_equal(read_labels, labels)


def test_named_sets_are_downloaded_by_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.zeros((200, 32, 32, 3), np.uint8)
    y = (np.arange(200) % 100)[:, None]
    x[::2] = 9
    keras = SimpleNamespace(
        datasets=SimpleNamespace(cifar100=SimpleNamespace(load_data=lambda: ((x, y), (x, y))))
    )
    monkeypatch.setitem(sys.modules, "keras", keras)
    data = load_dataset("cifar100", val_size=100)
    assert (len(data.x_train), len(data.x_val), data.x_test.shape) == (100, 100, x.shape)


def test_a_failed_download_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_data() -> None:
        raise Exception("URL fetch failure on https://example.org:\n None -- no route")

    keras = SimpleNamespace(datasets=SimpleNamespace(cifar10=SimpleNamespace(load_data=load_data)))
    monkeypatch.setitem(sys.modules, "keras", keras)
    with pytest.raises(InvalidValue) as caught:
        load_dataset("cifar10")
    assert str(caught.value).startswith(
        "data.path: must name a local .npz file, since cifar10 could not be"
    )
    assert "\n" not in str(caught.value)


def test_an_npz_that_may_not_be_read_is_called_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "closed.npz"
    np.savez(file, x_train=np.zeros((2, 4, 4)), y_train=np.arange(2))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InvalidValue, match=r"data.path: must be readable \(Permission denied\)"):
        load_dataset("npz", path=file)
