"""PNAS and NAS-Bench-201 cells of every form, to be drawn."""

import random

from pnas.state_space import Cell

PNASNET_5 = Cell.parse(
    "(-2, 5x5 dconv, -2, 3x3 maxpool), (-1, 7x7 dconv, -1, 3x3 maxpool), "
    "(-1, 5x5 dconv, -1, 3x3 dconv), (2, 3x3 dconv, -1, 3x3 maxpool), (-2, 3x3 dconv, -1, identity)"
)
FLAT = Cell([(-1, "3x3 dconv", -1, "identity")] * 3)
CHAIN = Cell([(index - 1, "3x3 dconv", index - 1, "identity") for index in range(5)])
NODES = Cell(
    [("nor_conv_3x3",), ("none", "skip_connect"), ("avg_pool_3x3", "nor_conv_1x1", "nor_conv_3x3")]
)
DEAD = Cell([("none",), ("none", "none"), ("none", "none", "none")])


def _random_cell(blocks: int, seed: int) -> Cell:
    generator = random.Random(seed)
    made = []
    for index in range(blocks):
        first = generator.randrange(-2, index)
        second = generator.randrange(-2, index)
        operator = generator.choice(["identity", "1x7-7x1 conv"])
        made.append((first, "3x3 dconv", second, operator))
    return Cell(made)


RANDOM = [_random_cell(blocks, seed) for blocks in range(1, 9) for seed in range(4)]
