import io
from pathlib import Path

from rich.console import Console

from pnas.records import ChildJob, ChildResult, Choice, Journal, Status
from pnas.reports.terminal.live_view import LiveView
from pnas.state_space import Cell

CELLS = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in (1, 3)]


def shown(tmp_path: Path, is_terminal: bool) -> str:
    """What a stage of two children, one of which fails, leaves on the screen."""
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    journal.open_stage(1, [Choice(cell, cell.text_hash, 0, None) for cell in CELLS], 0, 2, 0.0)
    screen = io.StringIO()
    with LiveView(Console(file=screen, force_terminal=is_terminal, width=120), B=1) as view:
        view.stage_opened(1, journal.children())
        journal.end_child(CELLS[0].text_hash, ChildResult(CELLS[0], 0, Status.OK, 0.75))
        journal.end_child(
            CELLS[1].text_hash, ChildResult.failed(ChildJob(CELLS[1], 0), "out of [memory]")
        )
        for cell in CELLS:
            view.child_ended(journal.child(cell.text_hash))
        view.learning(1)
        view.stage_closed(1)
    return screen.getvalue()


def test_a_file_gets_a_line_a_stage_and_a_line_a_failure(tmp_path: Path) -> None:
    assert shown(tmp_path, is_terminal=False).splitlines() == [
        "stage 1 of 1: training 2 of 2 children",
        "failed: (-1, 3x3 conv, -1, identity): out of [memory]",
        "stage 1 of 1: done, best 0.7500, 1 failed",
    ]


def test_a_terminal_gets_a_picture(tmp_path: Path) -> None:
    screen = shown(tmp_path, is_terminal=True)
    for text in (
        "stage 1 of 1",
        "2/2 children",
        "best 0.7500: (-1, 1x1 conv",
        "1 failed",
        "out of [memory]",
    ):
        assert text in screen


def test_the_jobs_of_a_multirun_get_lines_on_a_terminal_too() -> None:
    screen = io.StringIO()
    with LiveView(Console(file=screen, force_terminal=True, width=120), B=1, plain=True) as view:
        view.stage_opened(1, [])
    assert screen.getvalue().splitlines() == ["stage 1 of 1: training 0 of 0 children"]
