"""The terminal while a search runs: bars on a terminal, one line a stage elsewhere."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from pnas.records import ChildRecord, Status, best_child


class LiveView:
    """Observes a search and shows it: stages, children of the stage, and the predictor's learning and scoring.

    Args:
        console: where to.
        B: stages of the search; None if its budget decides.
        earlier: children that an earlier process trained.
    """

    def __init__(self, console: Console, B: int | None, earlier: Sequence[ChildRecord] = ()) -> None:
        self._console, self._B, self._children = console, B, list(earlier)
        self._plain = not console.is_terminal
        self._progress = _bars(console)
        self._stages = self._progress.add_task("stages", total=B, note="")
        self._running: Any = None

    def __enter__(self) -> "LiveView":
        if not self._plain:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        ended = [child for child in children if child.status is not Status.CHOSEN]
        self._children = [child for child in self._children if child.b != b] + ended
        self._progress.update(self._stages, completed=b - 1)
        self._replace_bar(f"stage {b}: training", len(children), len(ended))
        self._say(f"{self._title(b)}: training {len(children) - len(ended)} of {len(children)} children")

    def child_ended(self, child: ChildRecord) -> None:
        self._children.append(child)
        self._progress.update(self._running, advance=1, note=self._note())
        if child.status is Status.FAILED:
            self._console.print(f"failed: {child.cell}: {child.error}", markup=False, highlight=False)

    def learning(self, b: int) -> None:
        last = b == self._B
        self._replace_bar(f"stage {b}: learning" + ("" if last else f", scoring stage {b + 1}"), None)

    def stage_closed(self, b: int) -> None:
        self._progress.update(self._stages, completed=b)
        self._say(f"{self._title(b)}: done, {self._note()}")

    def _title(self, b: int) -> str:
        return f"stage {b}" if self._B is None else f"stage {b} of {self._B}"

    def _replace_bar(self, title: str, total: int | None, completed: int = 0) -> None:
        if self._running is not None:
            self._progress.remove_task(self._running)
        self._running = self._progress.add_task(title, total=total, note=self._note())
        # Set apart from the start, so that children of an earlier process do not count as speed.
        self._progress.update(self._running, completed=completed)

    def _note(self) -> str:
        best = best_child(self._children)
        failed = sum(child.status is Status.FAILED for child in self._children)
        text = "" if best is None else f"best {best.reward:.4f}"
        return text + (f", {failed} failed" if failed else "")

    def _say(self, line: str) -> None:
        if self._plain:
            self._console.print(line, markup=False, highlight=False)


def _bars(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)
