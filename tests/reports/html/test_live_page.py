import os
from pathlib import Path

import pytest
from support.journals import make_run

from pnas.reports.data.run_reader import read_run
from pnas.reports.data.run_view import RunView
from pnas.reports.html import live_page
from pnas.reports.html.live_page import LivePage


def test_what_is_stored_while_the_page_is_made_is_on_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = make_run(tmp_path / "demo", (6, 4), status="running", unfinished=2)
    reads = 0

    def read_and_go_on(path: Path) -> RunView:
        nonlocal reads
        reads += 1
        view = read_run(path)
        if reads == 1:
            # The search stores a child right after the page has read its journal.
            os.utime(path / "journal.sqlite", ns=(0, 1))
        return view

    monkeypatch.setattr(live_page, "read_run", read_and_go_on)
    made = []
    monkeypatch.setattr(LivePage, "_render", lambda self, view: made.append(view) or "page")
    page = LivePage(run_dir)
    for _ in range(3):
        page.html()
    assert len(made) == 2
