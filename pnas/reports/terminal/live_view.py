"""The terminal while a search runs: a few lines that are redrawn on a terminal, one line a stage elsewhere."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pnas.records import ChildRecord, Status
from pnas.reports.data.search_progress import Progress
from pnas.reports.terminal.result_tables import duration

_BAR = 30


class LiveView:
    """Observes a search and shows it: stage, children, best so far, predicted against actual, pace, time left.

    Args:
        console: where to.
        B: stages of the search; None if its budget decides.
        earlier: children that an earlier process trained.
        K: children a stage after the first, at most.
        workers: children trained at once.
        plain: lines only, also on a terminal (the jobs of a multirun).
    """

    def __init__(
        self,
        console: Console,
        B: int | None,
        earlier: Sequence[ChildRecord] = (),
        K: int | None = None,
        workers: int = 1,
        plain: bool = False,
    ) -> None:
        self._console = console
        self._plain = plain or not console.is_terminal
        self._progress = Progress(B, K, workers, earlier)
        self._doing = "starting"
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=4)

    def __enter__(self) -> "LiveView":
        if not self._plain:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def stage_opened(self, b: int, children: Sequence[ChildRecord]) -> None:
        self._progress.open(b, children)
        self._doing = "training"
        left = self._progress.total - self._progress.done
        self._say(f"{self._title(b)}: training {left} of {len(children)} children")

    def child_ended(self, child: ChildRecord) -> None:
        self._progress.end(child)
        if child.status is Status.FAILED:
            self._console.print(
                f"failed: {child.cell}: {child.error}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )

    def learning(self, b: int) -> None:
        self._doing = "learning" if b == self._progress.B else f"learning, scoring stage {b + 1}"

    def stage_closed(self, b: int) -> None:
        self._doing = "done"
        figures = [self._best(), self._judgement(), self._failed()]
        self._say(f"{self._title(b)}: done, {', '.join(filter(None, figures))}")

    def _title(self, b: int) -> str:
        return f"stage {b}" if self._progress.B is None else f"stage {b} of {self._progress.B}"

    def _say(self, line: str) -> None:
        if self._plain:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    # -- what is shown -----------------------------------------------------------------------------------------

    def _picture(self) -> RenderableType:
        progress = self._progress
        if not progress.b:
            return Text("starting")
        line = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(progress.total, 1), completed=progress.done, width=_BAR)
        line.add_row(f"{self._title(progress.b)}: {self._doing}", bar, self._counts())
        rows = [self._best_line(), self._judgement(), self._pace()]
        return Group(line, *(Text(row, overflow="ellipsis", no_wrap=True) for row in rows if row))

    def _counts(self) -> str:
        progress = self._progress
        running = (
            f"{progress.running} running" if self._doing == "training" and progress.running else ""
        )
        return ", ".join(
            filter(None, (f"{progress.done}/{progress.total} children", running, self._failed()))
        )

    def _failed(self) -> str:
        return f"{self._progress.failed} failed" if self._progress.failed else ""

    def _best(self) -> str:
        best = self._progress.best
        return "" if best is None else f"best {best.reward:.4f}"

    def _best_line(self) -> str:
        best = self._progress.best
        return "" if best is None else f"{self._best()}: {best.cell}"

    def _judgement(self) -> str:
        judged = self._progress.judged()
        if judged is None:
            return ""
        rho, error, count = judged
        order = "" if rho is None else f"ρ = {rho:.2f}, "
        return f"predicted against actual: {order}mean error {error:.4f} ({count} children)"

    def _pace(self) -> str:
        progress = self._progress
        parts = [duration(progress.seconds)]
        if progress.per_minute is not None and self._doing == "training":
            parts.append(f"{progress.per_minute:.1f} children a minute")
            parts.append(f"about {duration(progress.stage_left)} left in this stage")
            if progress.search_left is not None and progress.b != progress.B:
                parts.append(f"{duration(progress.search_left)} in all")
        return ", ".join(parts)
