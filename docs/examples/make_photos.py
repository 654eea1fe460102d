"""Make images to try things on: discs, squares and crosses on noise, one folder a class.

python docs/examples/make_photos.py photos
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def image(kind: str, random: np.random.Generator) -> Image.Image:
    y, x = np.mgrid[:16, :16]
    y, x, size = y - random.integers(5, 11), x - random.integers(5, 11), random.integers(3, 6)
    shapes = {
        "disc": y**2 + x**2 <= size**2,
        "square": (abs(y) <= size) & (abs(x) <= size),
        "cross": (abs(y) <= 1) & (abs(x) <= size) | (abs(x) <= 1) & (abs(y) <= size),
    }
    pixels = random.normal(90, 30, (16, 16)) + shapes[kind] * random.uniform(40, 120)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def main() -> None:
    folder, random = Path(sys.argv[1]), np.random.default_rng(0)
    for kind in ("disc", "square", "cross"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(200):
            image(kind, random).save(folder / kind / f"{number:03}.png")


if __name__ == "__main__":
    main()
