"""Colours of a cell's parts, the same in every drawing: operators by their family, edges by what they carry."""

FAMILIES = (
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
"""Edges from the two previous cells; all others are grey."""

EDGE = "#5b6470"

RUNS = (
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
"""Colours of runs that are overlaid; after the last they begin again."""


def fill_of(operator: str) -> str:
    return next((colour for name, colour in FAMILIES if name in operator), "#ffffff")


def run_colour(index: int) -> str:
    return RUNS[index % len(RUNS)]
