"""Named random streams: every seed of a search is derived from its one seed and a name.

Deriving from names (a cell's key, "predictor", a stage) instead of drawing in turn makes a stream independent of
how many others were used before it, of the worker it runs on and of the clock.
"""

import hashlib


def derive_seed(seed: int, *names: str | int) -> int:
    """A seed in [0, 2**31) for the stream called ``names`` of the search seeded with ``seed``."""
    text = "/".join(map(str, (seed, *names)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
