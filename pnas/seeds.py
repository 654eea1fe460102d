"""Named random streams: every seed of a search is derived from its one seed and a name.

A stream that is derived from names (a cell's key, "predictor", a stage), not taken in turn, is
independent of how many others were used before it, of the worker it runs on and of the clock.
"""

import hashlib


def derive_seed(seed: int, *names: str | int) -> int:
    """Return the seed, in [0, 2**31), of one stream of the search.

    Args:
        seed: Seed of the search.
        names: Names of the stream, such as ``("predictor", 3)``.
    """
    text = "/".join(str(part) for part in (seed, *names))
    first_bytes = hashlib.sha256(text.encode()).digest()[:4]
    # The highest bit goes: several libraries take seeds of 31 bits only.
    return int.from_bytes(first_bytes, "big") >> 1
