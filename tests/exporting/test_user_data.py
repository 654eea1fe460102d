"""Whoever serves an exported model feeds it what they have: the same predictions as the child's.

Each row of `VARIANTS` is a way in which people keep pixels. A child is trained and exported; the
exported model is then loaded by Keras alone, and gets the very arrays of the user's file.
"""

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from support.command import ROOT, run_here

Images = NDArray[Any]

ACCURACIES = {"val": "validation accuracy", "test": "test accuracy"}
SIDE = 8
PER_PART = 120
MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])

VARIANTS: dict[str, tuple[Callable[[Images], Images], str, float]] = {
    "uint8 0..255": (lambda pixels: pixels, "auto", 0.0),
    "float 0..1": (lambda pixels: (pixels / 255).astype(np.float32), "auto", 0.0),
    "float -1..1": (lambda pixels: (pixels / 127.5 - 1).astype(np.float32), "signed", 0.0),
    "float 0..65535": (lambda pixels: pixels.astype(np.float32) * 257, "auto", 0.0),
    "uint16 0..65535": (lambda pixels: pixels.astype(np.uint16) * 257, "auto", 0.0),
    "uint8 0..15": (lambda pixels: pixels // 17, "[0,15]", 0.1),
    "ImageNet": (
        lambda pixels: ((pixels / 255 - MEAN) / DEVIATION).astype(np.float32),
        "imagenet",
        0.0,
    ),
}
"""From bytes to what the user has, the range that is typed, and what rounding costs a probability
of an image file of bytes."""

TRAIN = (
    "task=train", "trainer=final_quick", "trainer.epochs=3", "trainer.batchsize=40",
    "trainer.threads=1",  # as other tests of this process have it
    "child.filters=4", "cell=(-1, 3x3 conv, -1, 3x3 maxpool)", "data=npz", "data.path=mine.npz",
    "tracking=none", "name=t", "seed=1",
)  # fmt: skip
EXPORT = ("task=export", "from=outputs/t", "task.formats=[keras]", "tracking=none", "name=e")


def made_images() -> tuple[Images, NDArray[Any]]:
    """Images of noise with a bright quarter, whose place is the class."""
    generator = np.random.default_rng(0)
    labels = np.arange(3 * PER_PART) % 4
    images = generator.integers(0, 256, (len(labels), SIDE, SIDE, 3), dtype=np.uint8)
    half = SIDE // 2
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 2)
        image[row * half : (row + 1) * half, column * half : (column + 1) * half] |= 0b1000_0000
    return images, labels


def write_parts(path: Path, images: Images, labels: NDArray[Any]) -> None:
    arrays = {}
    for number, part in enumerate(("train", "val", "test")):
        chosen = slice(number * PER_PART, (number + 1) * PER_PART)
        arrays[f"x_{part}"] = images[chosen]
        arrays[f"y_{part}"] = labels[chosen]
    np.savez(path, **arrays)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_an_exported_model_predicts_as_the_trained_child(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    convert, pixel_range, tolerance = VARIANTS[name]
    pixels, labels = made_images()
    monkeypatch.chdir(tmp_path)
    write_parts(Path("mine.npz"), convert(pixels), labels)
    assert run_here(*TRAIN, f"data.pixel_range={pixel_range}") == 0, capsys.readouterr().err
    assert run_here(*EXPORT) == 0, capsys.readouterr().err

    import keras

    export = Path("outputs/t/export")
    model = keras.saving.load_model(export / "model.keras", compile=False)
    # What the user has, as it is in the file.
    mine = np.load("mine.npz")
    for part in ("val", "test"):
        probabilities = np.asarray(model(mine[f"x_{part}"].astype(np.float32), training=False))
        accuracy = float((probabilities.argmax(axis=1) == mine[f"y_{part}"]).mean())
        facts = json.loads((export / "model.json").read_text())
        assert accuracy == pytest.approx(facts["metrics"][ACCURACIES[part]], abs=1e-6)
    assert accuracy > 0.4  # of four classes: with pixels on another scale it is chance

    Image.fromarray(pixels[-1]).save("last.png")
    read_image = runpy.run_path(str(ROOT / "experiments/classify_image.py"))["read_image"]
    batch = read_image(Path("last.png"), facts["image"])
    from_file = np.asarray(model(batch, training=False))[0]
    assert np.abs(from_file - probabilities[-1]).max() <= max(tolerance, 1e-4)
