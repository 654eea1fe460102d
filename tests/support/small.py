"""The smallest search there is: a second of training a child, or none with a table of rewards."""

from pathlib import Path

from support.fake_children import fake_reward

from pnas.state_space import StateSpace
from pnas.tables import Row, write_table

SMALL_SPACE = (
    "state_space.operators=[3x3 maxpool,identity]",
    "state_space.input_lookback_depth=-1",
    "state_space.B=2",
    "controller.K=2",
)
"""3 children of one block and 2 of two. What stands behind it on a command line overrides it."""

SMALL = (
    *SMALL_SPACE,
    "child.filters=2",
    "trainer.epochs=1",
)
"""`SMALL_SPACE` with children that are trained, as little as can be."""

BY_TABLE = (
    *SMALL_SPACE,
    "trainer=tabular",
    "trainer.table=table.yaml",
    "executor=serial",
    "tracking=none",
)
"""`SMALL_SPACE` with rewards from `write_small_table`: a second a command instead of ten."""

LARGEST_CELL = 3
"""Blocks of the largest cells in the table: one more than `SMALL_SPACE` has, to raise B."""


def write_small_table(folder: Path, trainings: int = 1) -> None:
    """Write ``table.yaml``, of rewards made from the cells alone, into ``folder``.

    Of several ``trainings`` each has a lower reward than the one before.
    """
    space = StateSpace(LARGEST_CELL, ["3x3 maxpool", "identity"], -1)

    rows = []
    for blocks in range(1, LARGEST_CELL + 1):
        for tokens in space.iter_cells(blocks):
            for cell in space.decode(tokens):
                reward = fake_reward(str(cell))
                rewards = tuple(reward * 0.95**number for number in range(trainings))
                rows.append((cell, Row(rewards)))
    write_table(folder / "table.yaml", space, rows, {"note": "made for tests"})
