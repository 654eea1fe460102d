"""Reports in a real browser: their script runs under their own security policy, and shows cells."""

import re
from pathlib import Path

import pytest
from support.browser import CHROMIUM, page
from support.journals import make_run

from pnas.reports.data.run_reader import read_run
from pnas.reports.html.search_report import write_report

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium")]


def test_a_mark_shows_its_cell(tmp_path: Path) -> None:
    run = read_run(
        make_run(tmp_path / "demo", (4, 3), failed=(5,), error="<img src=x onerror=alert(1)>")
    )
    report = write_report([run], tmp_path / "report.html")
    tip = (
        page(f"{report.as_uri()}#cell=0:5", 2000)
        .partition('<div id="tip"')[2]
        .partition("<script")[0]
    )
    assert "display: block" in tip
    assert str(run.children[5].cell) in tip
    assert "&lt;img src=x" in tip
    assert "<img" not in tip
    assert (
        len(re.findall("<rect", tip)) >= 2 * 2 + 1
    )  # two blocks of two operators, and what they read


def test_without_a_place_nothing_is_shown(tmp_path: Path) -> None:
    report = write_report([read_run(make_run(tmp_path / "demo"))], tmp_path / "report.html")
    assert (
        "display: block"
        not in page(report.as_uri(), 2000).partition('<div id="tip"')[2].partition(">")[0]
    )
