"""The terminal while a search runs: a few lines redrawn; without a terminal a line a stage."""

import math
import time
from collections.abc import Callable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pnas.records import ChildRecord, Status
from pnas.reports.data.number_format import clock_time, count_children, duration
from pnas.reports.data.search_progress import Progress, TimeLeft
from pnas.system.console import print_line

_BAR_WIDTH = 30
_REFRESHES_PER_SECOND = 4

_SECONDS_PER_LINE = 60.0
_LINES_PER_STAGE = 10
"""Without a terminal, a line a minute or a tenth of a stage, whichever is rarer: a log stays short
enough to be read, and says at least ten times a stage that the search goes on."""

_LOOK_UPS_PER_MINUTE = 6_000.0
"""A pace that trainings never have, and look-ups in a table do: nobody waits for these."""


class LiveView:
    """Observes a search and shows its stage, best child, prediction quality, pace and time left.

    Args:
        console: Console to show it on.
        B: Number of stages; None if the search's budget decides.
        earlier: Children that an earlier process trained.
        K: Largest number of children of a stage after the first.
        workers: Number of children trained at once.
        time_left: Predicts how long the stage and the search still take; None to judge by the pace
            of this stage.
        plain: Whether to print lines only, also on a terminal (the jobs of a multirun).
        now: Clock in seconds.
    """

    def __init__(
        self,
        console: Console,
        B: int | None,
        earlier: Sequence[ChildRecord] = (),
        K: int | None = None,
        workers: int = 1,
        plain: bool = False,
        time_left: TimeLeft | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._plain = plain or not console.is_terminal
        self._progress = Progress(B, K, workers, earlier, now, time_left)
        self._now = now
        # The first child to end is told of at once: by then everything has worked.
        self._line_due_at = now()
        self._line_due_after = 1
        self._activity = "starting"
        self._live = Live(
            console=console,
            get_renderable=self._picture,
            refresh_per_second=_REFRESHES_PER_SECOND,
        )

    def __enter__(self) -> "LiveView":
        if not self._plain:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        """Begin stage ``b`` of ``children``."""
        self._progress.open(b, children)
        self._activity = "training"
        left = self._progress.total - self._progress.done
        if self._line_due_after > 1:
            self._line_due_after = self._progress.done + self._children_per_line()
        self._print_plain(f"{self._title(b)}: training {left} of {count_children(len(children))}")

    def stage_extended(self, b: int, children: Sequence[ChildRecord], planned: int) -> None:
        """Take up the ``children`` of stage ``b`` that are chosen one by one."""
        self._activity = "training"
        if b == self._progress.b:
            self._progress.extend(children, planned)
            return
        self._progress.open(b, children)
        self._progress.extend(children, planned)
        if self._line_due_after > 1:
            self._line_due_after = self._progress.done + self._children_per_line()
        self._print_plain(f"{self._title(b)}: choosing {count_children(planned)} one by one")

    def child_ended(self, child: ChildRecord) -> None:
        """Count ``child``; say why if it failed or was left out."""
        self._progress.end(child)
        if child.status is Status.FAILED:
            outcome = "left out" if child.is_left_out else "failed"
            print_line(self._console, f"{outcome}: {child.cell}: {child.error}")
        if self._is_line_due():
            self._print_progress()

    def learning(self, b: int) -> None:
        """Show that stage ``b`` is trained, and the predictor is being fitted."""
        is_last = b == self._progress.B or self._progress.confirms
        self._activity = "learning" if is_last else f"learning, scoring stage {b + 1}"

    def stage_closed(self, b: int) -> None:
        """Sum stage ``b`` up."""
        self._activity = "done"
        figures = [self._best(), self._prediction_quality(), self._stopped(), self._failed()]
        self._print_plain(f"{self._title(b)}: {_join(['done', *figures])}")

    def _title(self, b: int) -> str:
        B = self._progress.B
        # Stages of further trainings are no confirmation where they are all that a task does.
        if B is not None and b <= B:
            return f"stage {b} of {B}"
        # Stages that a larger B adds are numbered after those of an earlier confirmation.
        return f"stage {b} (confirmation)" if self._progress.confirms else f"stage {b}"

    def _print_plain(self, line: str) -> None:
        if self._plain:
            print_line(self._console, line)

    def _is_line_due(self) -> bool:
        progress = self._progress
        is_last = progress.done == progress.total
        has_news = progress.done >= self._line_due_after
        # The line of the stage's end has all that one of its last child would have.
        return has_news and not is_last and self._now() >= self._line_due_at

    def _print_progress(self) -> None:
        progress = self._progress
        self._line_due_at = self._now() + _SECONDS_PER_LINE
        self._line_due_after = progress.done + self._children_per_line()
        figures = [self._counts(), self._best(), self._pace(), self._finish()]
        self._print_plain(f"{self._title(progress.b)}: {_join(figures)}")

    def _children_per_line(self) -> int:
        return math.ceil(self._progress.total / _LINES_PER_STAGE)

    def _finish(self) -> str:
        """Return the time of day at which the search is predicted to end."""
        left = self._progress.search_left
        if left is None:
            return ""
        return f"finish about {clock_time(time.time() + left)}"

    def _picture(self) -> RenderableType:
        """Return the lines of a terminal."""
        progress = self._progress
        if not progress.b:
            return Text("starting")
        first = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(progress.total, 1), completed=progress.done, width=_BAR_WIDTH)
        first.add_row(f"{self._title(progress.b)}: {self._activity}", bar, self._counts())

        rows = [self._best_line(), self._prediction_quality(), self._pace()]
        lines = [Text(row, overflow="ellipsis", no_wrap=True) for row in rows if row]
        return Group(first, *lines)

    def _counts(self) -> str:
        progress = self._progress
        counts = [f"{progress.done}/{count_children(progress.total)}"]
        if self._activity == "training" and progress.running:
            counts.append(f"{progress.running} running")
        return _join([*counts, self._stopped(), self._failed()])

    def _stopped(self) -> str:
        return f"{self._progress.stopped} stopped early" if self._progress.stopped else ""

    def _failed(self) -> str:
        return f"{self._progress.failed} failed" if self._progress.failed else ""

    def _best(self) -> str:
        best = self._progress.best
        return "" if best is None else f"best {best.reward:.4f}"

    def _best_line(self) -> str:
        best = self._progress.best
        return "" if best is None else f"{self._best()}: {best.cell}"

    def _prediction_quality(self) -> str:
        quality = self._progress.prediction_quality()
        if quality is None:
            return ""
        order = "" if quality.rho is None else f"ρ = {quality.rho:.2f}, "
        error = f"mean error {quality.mean_error:.4f} ({count_children(quality.count)})"
        return f"predicted against actual: {order}{error}"

    def _pace(self) -> str:
        progress = self._progress
        parts = [duration(progress.seconds)]
        pace = progress.per_minute
        if pace is not None and pace < _LOOK_UPS_PER_MINUTE and self._activity == "training":
            parts.append(f"{pace:.1f} children a minute")
            parts.append(f"about {duration(progress.stage_left)} left in this stage")
            if progress.search_left is not None and progress.b != progress.B:
                parts.append(f"{duration(progress.search_left)} in all")
        return _join(parts)


def _join(parts: Sequence[str]) -> str:
    return ", ".join(part for part in parts if part)
