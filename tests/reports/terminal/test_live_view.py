import io
from dataclasses import replace
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


def test_a_file_gets_lines_for_stages_failures_and_the_first_child(tmp_path: Path) -> None:
    assert shown(tmp_path, is_terminal=False).splitlines() == [
        "stage 1 of 1: training 2 of 2 children",
        "stage 1 of 1: 1/2 children, 1 running, best 0.7500, 0.0 s",
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


def test_a_stage_without_figures_is_done(tmp_path: Path) -> None:
    screen = io.StringIO()
    with LiveView(Console(file=screen, width=120), B=1) as view:
        view.stage_opened(1, [])
        view.stage_closed(1)
    assert screen.getvalue().splitlines()[-1] == "stage 1 of 1: done"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_a_minute_or_a_tenth_of_a_stage_whichever_is_rarer(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    cells = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in range(1, 81, 2)]
    journal.open_stage(1, [Choice(cell, cell.text_hash, 0, None) for cell in cells], 0, 40, 0.0)
    screen = io.StringIO()
    clock = Clock()
    view = LiveView(Console(file=screen, width=120), B=2, K=10, now=clock)
    view.stage_opened(1, journal.children())
    for cell, seconds in zip(cells, [10.0] * 20 + [100.0] * 20, strict=True):
        clock.now += seconds
        journal.end_child(cell.text_hash, ChildResult(cell, 0, Status.OK, 0.5))
        view.child_ended(journal.child(cell.text_hash))

    _, first, *lines = screen.getvalue().splitlines()
    assert first.startswith("stage 1 of 2: 1/40 children")
    # A minute is six children at first; a tenth of the stage is four, the rarer one later.
    shown = [int(line.split(": ")[1].split("/")[0]) for line in lines]
    assert shown == [7, 13, 19, 23, 27, 31, 35, 39]
    assert "1 running, best 0.5000" in lines[0]
    assert "6.0 children a minute, about 5.5 min left in this stage, 7.2 min in all" in lines[0]
    assert "finish about " in lines[0]


def test_a_round_of_confirmation_is_no_stage_of_the_search(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    cell = CELLS[0]
    screen = io.StringIO()
    view = LiveView(Console(file=screen, width=120), B=1, K=4)
    for stage, key in ((1, cell.text_hash), (2, f"{cell.text_hash}-2"), (3, "later")):
        journal.open_stage(stage, [Choice(cell, key, 0, None)], 0, 1, 0.0)
        view.stage_opened(stage, journal.children(stage))
        journal.end_child(key, ChildResult(cell, 0, Status.OK, 0.5))
        view.child_ended(journal.child(key))
        view.stage_closed(stage)
    titles = [line.split(":")[0] for line in screen.getvalue().splitlines()]
    assert list(dict.fromkeys(titles)) == ["stage 1 of 1", "stage 2 (confirmation)", "stage 3"]


def test_stages_of_repeated_trainings_are_counted_where_they_are_the_task(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    cell = CELLS[0]
    screen = io.StringIO()
    view = LiveView(Console(file=screen, width=120), B=2)
    for stage, key in ((1, cell.text_hash), (2, f"{cell.text_hash}-2")):
        journal.open_stage(stage, [Choice(cell, key, 0, None)], 0, 1, 0.0)
        view.stage_opened(stage, journal.children(stage))
    titles = [line.split(":")[0] for line in screen.getvalue().splitlines()]
    assert titles == ["stage 1 of 2", "stage 2 of 2"]


def test_look_ups_in_a_table_have_no_pace_that_anybody_waits_for(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    cells = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in range(1, 9, 2)]
    journal.open_stage(1, [Choice(cell, cell.text_hash, 0, None) for cell in cells], 0, 4, 0.0)
    lines = []
    for seconds in (0.001, 1.0):
        screen = io.StringIO()
        clock = Clock()
        view = LiveView(Console(file=screen, force_terminal=True, width=200), B=2, now=clock)
        view.stage_opened(1, journal.children())
        for cell in cells[:3]:
            clock.now += seconds
            view.child_ended(replace(journal.child(cell.text_hash), status=Status.OK, reward=0.5))
        Console(file=screen, width=200).print(view._picture())
        lines.append(screen.getvalue())
    assert "a minute" not in lines[0]
    assert "60.0 children a minute, about 1.0 s left in this stage" in lines[1]


def test_one_child_is_not_called_children(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite", create=True)
    cell = CELLS[0]
    journal.open_stage(2, [Choice(cell, cell.text_hash, 0, 0.75)], 0, 1, 0.0)
    screen = io.StringIO()
    view = LiveView(Console(file=screen, width=120), B=2)
    view.stage_opened(2, journal.children())
    journal.end_child(cell.text_hash, ChildResult(cell, 0, Status.OK, 0.5))
    view.child_ended(journal.child(cell.text_hash))
    view.stage_closed(2)
    first, last = screen.getvalue().splitlines()
    assert first == "stage 2 of 2: training 1 of 1 child"
    assert last.endswith("mean error 0.2500 (1 child)")
