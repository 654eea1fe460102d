"""Classify an image file with an exported model: a small example of serving, which needs nothing of
this project.

    python experiments/classify_image.py outputs/final/export digit.png
    python experiments/classify_image.py outputs/final/export digit.png --format onnx

Needs numpy, Pillow and Keras, TensorFlow or onnxruntime, whichever reads the chosen format.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Images = NDArray[np.float32]
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def load_keras(folder: Path) -> Callable[[Images], Any]:
    import keras

    model = keras.saving.load_model(folder / "model.keras", compile=False)
    return lambda images: model(images, training=False)


def load_savedmodel(folder: Path) -> Callable[[Images], Any]:
    import tensorflow as tf

    served = tf.saved_model.load(str(folder / "saved_model"))
    return lambda images: served.serve(images)


def load_onnx(folder: Path) -> Callable[[Images], Any]:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    return lambda images: session.run(None, {session.get_inputs()[0].name: images})[0]


LOADERS = {"keras": load_keras, "savedmodel": load_savedmodel, "onnx": load_onnx}
FILES = {"keras": "model.keras", "savedmodel": "saved_model", "onnx": "model.onnx"}


def read_image(path: Path, wanted: dict[str, Any]) -> Images:
    """The image file as a batch of one, as the model takes it."""
    channels = wanted["channels"]
    if channels not in MODES:
        raise ValueError(f"no image file has the {channels} channels that the model takes")
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file).convert(MODES[channels])
        image = image.resize((wanted["width"], wanted["height"]), Image.Resampling.BILINEAR)
    # Black and white may have one value, or one a channel.
    black = np.asarray(wanted.get("black", 0), np.float32)
    white = np.asarray(wanted["white"], np.float32)
    pixels = black + np.asarray(image, np.float32) / 255 * (white - black)
    return pixels.reshape(1, wanted["height"], wanted["width"], wanted["channels"])


def check_format(folder: Path, wanted: str) -> None:
    """Refuse a format that the export was not written in; name those that it was."""
    if not (folder / FILES[wanted]).exists():
        found = [name for name, file in FILES.items() if (folder / file).exists()]
        others = f"; --format can be {' or '.join(found)}" if found else ""
        raise ValueError(f"{folder} has no {FILES[wanted]}{others}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("export", type=Path, help="folder that task=export wrote")
    parser.add_argument("image", type=Path, help="image file")
    parser.add_argument("--format", choices=sorted(LOADERS), default="keras")
    parser.add_argument("--top", type=int, default=3, help="classes to print")
    given = parser.parse_args()
    try:
        model = json.loads((given.export / "model.json").read_text())
        check_format(given.export, given.format)
        image = read_image(given.image, model["image"])
    except (OSError, ValueError, KeyError) as error:
        print(f"classify_image: {error}", file=sys.stderr)
        return 2
    (probabilities,) = np.asarray(LOADERS[given.format](given.export)(image))
    for index in np.argsort(-probabilities)[: given.top]:
        print(f"{probabilities[index]:.4f} {model['classes'][index]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
