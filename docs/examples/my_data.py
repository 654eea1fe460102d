"""A data set: images that a function makes, here of bars that lie or stand.

PNAS_EXTENSIONS=docs/examples/my_data.py python run.py name=mine data.name=bars \\
    data.train_size=200 data.test_size=100
"""

import numpy as np

from pnas.data.data_spec import DataSpec
from pnas.data.raw_data import RawData, raw_from_arrays


def bars(spec: DataSpec) -> RawData:
    """600 images of 8x8 pixels and their labels, the same each time; the split is made for you."""
    random = np.random.default_rng(0)
    labels = np.tile([0, 1], 300)
    images = random.integers(0, 60, (600, 8, 8, 1), dtype=np.uint8)
    for image, label, place in zip(images, labels, random.integers(0, 8, 600), strict=True):
        (image[place] if label else image[:, place])[...] = 200
    return raw_from_arrays({"x_train": images, "y_train": labels}, "data.name")


PNAS = {"data": {"bars": bars}}
