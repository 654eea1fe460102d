"""Picking every other pixel for a 1x1 convolution: the mean of one pixel against a slice.

    .venv/bin/python experiments/benchmarks/strided_pixels.py

Both compute the same numbers, forwards and backwards, which is checked. One thread, the tensors of
the quickstart's and of the paper's reduction cells; microseconds of both passes, in turn. Takes
half a minute.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from common import Timing, interleaved, make_parser, print_machine, print_table, spread

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SHAPES = ((256, 8, 8, 8), (32, 32, 32, 24), (32, 16, 16, 48))
CALLS = 50
STRIDES = (2, 2)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats

    import tensorflow as tf

    from pnas.children.search_training.fast_layers import every_other
    from pnas.children.tensorflow_runtime import fast_graphs

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows = []
    with fast_graphs():
        for shape in SHAPES:
            images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
            x = tf.constant(images)
            slices = both_passes(lambda x: x[:, :: STRIDES[0], :: STRIDES[1]])
            means = both_passes(lambda x: every_other(x, STRIDES))
            for one, other in zip(slices(x), means(x), strict=True):
                np.testing.assert_array_equal(one, other)
            works = {
                "slice": lambda slices=slices, x=x: many(slices, x),
                "mean": lambda means=means, x=x: many(means, x),
            }
            rows.append(row_of(shape, interleaved(works, repeats)))
    print_table(("tensor", "slice, us", "mean of one pixel, us", "ratio"), rows)
    print_machine("tensorflow")


def both_passes(pick: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a traced function: what ``pick`` returns, and the gradient of its squares' sum."""
    import tensorflow as tf

    @tf.function(autograph=False)
    def passes(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            pixels = pick(x)
            loss = tf.reduce_sum(pixels * pixels)
        return pixels, tape.gradient(loss, x)

    return passes


def many(passes: Callable[[Any], Any], x: Any) -> None:
    for _ in range(CALLS):
        passes(x)


def row_of(shape: tuple[int, ...], timings: dict[str, list[Timing]]) -> tuple[str, ...]:
    seconds = {}
    for way, measured in timings.items():
        seconds[way] = [1e6 * timing.cpu / CALLS for timing in measured]
    pairs = zip(seconds["mean"], seconds["slice"], strict=True)
    ratios = [mean / sliced for mean, sliced in pairs]
    size = "x".join(map(str, shape))
    return size, spread(seconds["slice"], 0), spread(seconds["mean"], 0), spread(ratios)


if __name__ == "__main__":
    main()
