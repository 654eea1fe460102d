"""Colours and marks, the same in every picture and on every page."""

INK = "#222222"
MUTED = "#6b7280"
FAINT = "#e5e7eb"
PAPER = "#ffffff"
PANEL = "#f7f8f9"
CONCAT = "#dfe3e8"
EDGE = "#5b6470"

OPERATOR_FAMILIES = (
    ("dilated conv", "#e3d7f0"),
    ("dconv", "#cfe3f5"),
    ("conv", "#cdeae1"),
    ("maxpool", "#fbdcc3"),
    ("avgpool", "#fdf0c4"),
    ("avg_pool", "#fdf0c4"),
    ("identity", "#eceef1"),
    ("skip_connect", "#eceef1"),
)
"""Fill of an operator's box by the first of these that its name contains."""

SOURCES = {-1: "#0072b2", -2: "#d55e00"}
"""Edges from the two previous cells; all other edges are grey."""

_RUNS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#7f7f7f",
    "#882255",
    "#44aa99",
    "#332288",
)

# Okabe and Ito's palette, safe for the common forms of colour blindness, without its yellow
# (invisible on white) and its black (the line of the best reward).
_SIZES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7f7f7f")

# Colours of the phases at full size, refinement and confirmation.
_PHASES = ("#882255", "#332288")

# The same distinction without colour. Crosses are failed children, triangles that point down
# are rewards far below all others.
_MARKS = ("o", "s", "^", "D", "P")


def operator_fill(operator: str) -> str:
    """Return the fill of an operator's box, white for an unknown family."""
    for name, colour in OPERATOR_FAMILIES:
        if name in operator:
            return colour
    return PAPER


def source_colour(source: int) -> str:
    """Return the colour of an edge by what it carries: a previous cell (-1, -2, ...) or a block."""
    return SOURCES.get(source, EDGE)


def run_colour(index: int) -> str:
    """Return the colour of one of several overlaid runs; after the last they begin again."""
    return _RUNS[index % len(_RUNS)]


def size_colour(number: int) -> str:
    """Return the colour of cells of ``number`` blocks; after the seventh they begin again."""
    return _SIZES[(number - 1) % len(_SIZES)]


def size_mark(number: int) -> str:
    """Return the mark of cells of ``number`` blocks (see `marks.mark`)."""
    return _MARKS[(number - 1) % len(_MARKS)]


def phase_colour(number: int) -> str:
    """Return the colour of a phase at full size, counted from 1."""
    return _PHASES[number - 1]
