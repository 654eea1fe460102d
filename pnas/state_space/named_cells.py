"""Published cells that can be typed by name (``cell=pnasnet5``)."""

from pnas.state_space.cell import Cell

# The best cell of the paper's search (figure 4), as its authors released it:
# tensorflow/models, research/slim/nets/nasnet/pnasnet.py.
_PNASNET5 = (
    "(-2, 5x5 dconv, -2, 3x3 maxpool), "
    "(-1, 7x7 dconv, -1, 3x3 maxpool), "
    "(-1, 5x5 dconv, -1, 3x3 dconv), "
    "(2, 3x3 dconv, -1, 3x3 maxpool), "
    "(-2, 3x3 dconv, -1, identity)"
)

PRESETS = {"pnasnet5": Cell.parse(_PNASNET5)}
