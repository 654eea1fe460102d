"""Cells that have a name."""

from pnas.state_space.cell import Cell

PRESETS = {
    # The best cell of the paper's search (figure 4), as the authors released it (tensorflow/models, slim, pnasnet.py).
    "pnasnet5": Cell.parse(
        "(-2, 5x5 dconv, -2, 3x3 maxpool), (-1, 7x7 dconv, -1, 3x3 maxpool), (-1, 5x5 dconv, -1, 3x3 dconv), "
        "(2, 3x3 dconv, -1, 3x3 maxpool), (-2, 3x3 dconv, -1, identity)"
    )
}
