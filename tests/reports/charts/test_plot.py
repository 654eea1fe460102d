import xml.etree.ElementTree as ET

import pytest
from support.svg_reading import SVG

from pnas.reports.charts.plot import Plot, limits_of, ticks
from pnas.reports.svg import element


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.91, 0.94, [0.91, 0.92, 0.93, 0.94]),
        (0, 1160, [0, 500, 1000]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ([0.0, 1.0], (-0.05, 1.05)),
        ([0.5, 0.5], (0.475, 0.525)),
        ([0.0], (-0.0005, 0.0005)),
        ([], (-0.05, 1.05)),
    ],
)
def test_limits_leave_space_around_values(values: list[float], limits: tuple[float, float]) -> None:
    assert limits_of(values) == pytest.approx(limits)


def test_texts_and_attributes_are_escaped() -> None:
    written = element("text", '<b>"&', data_c='"><i>')
    assert written == '<text data-c="&#34;&gt;&lt;i&gt;">&lt;b&gt;&#34;&amp;</text>'


def test_a_plot_places_values_and_keeps_them_inside() -> None:
    plot = Plot((0, 10), (0, 1), "x", "y", "title")
    assert plot.at_x(0) < plot.at_x(10)
    assert plot.at_y(1) < plot.at_y(0)
    assert plot.at_y(-5) == plot.at_y(0)


def test_a_plot_says_what_it_shows() -> None:
    plot = Plot((0, 10), (0, 1), "x", "y", "title")
    plot.steps([(1, 0.2), (4, 0.8)])
    title = ET.fromstring(plot.svg()).find(f"{SVG}title")
    assert title is not None
    assert title.text == "title"
