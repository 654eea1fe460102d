"""A folder of images, one folder a class, from the first images of each class of an .npz data set.

python docs/examples/folder_from_npz.py fashion_mnist.npz photos 150
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def main() -> None:
    source, folder, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    with np.load(source, allow_pickle=False) as data:
        images, labels = data["x_train"], data["y_train"].ravel()
    for label in np.unique(labels):
        home = folder / f"class_{label}"
        home.mkdir(parents=True, exist_ok=True)
        for number, pixels in enumerate(images[labels == label][:count]):
            Image.fromarray(pixels).save(home / f"{number:05}.png")


if __name__ == "__main__":
    main()
