"""How a search ends: finished, failed or interrupted, it leaves its files, its tracker and a last word."""

import warnings
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from pnas.children import NetworkManager
from pnas.config import Settings
from pnas.data import Dataset
from pnas.errors import PnasError
from pnas.records import Journal, best_child, summarize, write_summary
from pnas.records.run_directory import CHILDREN, CONFIG, SUMMARY, WEIGHTS
from pnas.reports.data.scored_cell import from_children
from pnas.reports.html.search_report import REPORT
from pnas.reports.terminal.result_tables import best_table, stage_table
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.search import STOPPED_BY
from pnas.searching.search_observers import Summarize
from pnas.searching.search_pictures import PICTURES, leave_pictures
from pnas.tracking import Tracker, how_to_open

_ARTIFACTS = (CONFIG, SUMMARY, CHILDREN, *PICTURES)


class Ending:
    """Context of a running search; whatever ends it, what is known is written down."""

    def __init__(
        self,
        settings: Settings,
        context: Context,
        journal: Journal,
        dataset: Dataset | None,
        tracker: Tracker,
        summary: Summarize,
    ) -> None:
        self._settings = settings
        self._context = context
        self._journal = journal
        self._dataset = dataset
        self._tracker = tracker
        self._summary = summary

    def __enter__(self) -> "Ending":
        # The best child may be another one, now that the search goes on.
        self._journal.set_meta(status="running", test_accuracy=None, tracked=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish()
        elif issubclass(kind, KeyboardInterrupt):
            self._write("interrupted")
            self._say_how_to_go_on()
        else:
            self._keep_what_can_be_kept()

    def _keep_what_can_be_kept(self) -> None:
        """After a failure, which may be that nothing can be written any more; the first one is what is reported."""
        with suppress(PnasError, OSError):
            self._journal.set_meta(status="failed")
        with suppress(PnasError, OSError):
            self._summary.write()
        with suppress(PnasError, OSError):
            finish_tracking(self._context.run_dir, self._journal, self._tracker, "failed")

    def _finish(self) -> None:
        """The test split is read here, once, by the best child."""
        if self._journal.meta("test_accuracy") is None:
            self._journal.set_meta(test_accuracy=self._test_best_child())
        self._journal.set_meta(status="finished")
        self._write("finished")

    def _test_best_child(self) -> float | None:
        best = best_child(self._journal.children())
        weights = self._context.run_dir / WEIGHTS / f"{best.key}.npz" if best else None
        if best is None or weights is None or not weights.is_file():
            return None
        if self._dataset is None or self._dataset.x_test is None:
            return None
        with warnings.catch_warnings():
            # This process may run TensorFlow on other threads than a child's training did: no matter here.
            warnings.simplefilter("ignore")
            manager = NetworkManager(
                self._dataset, network=self._settings.child, trainer=self._settings.trainer
            )
        return manager.test_accuracy(best.cell, weights)

    def _write(self, status: str) -> None:
        self._summary.write()
        leave_pictures(self._context.run_dir, self._settings.child, status)
        finish_tracking(self._context.run_dir, self._journal, self._tracker, status)

    def _say_how_to_go_on(self) -> None:
        done = sum(child.ended_at is not None for child in self._journal.children())
        line = f"stopped; {done} children are kept in {self._context.run_dir}. The same command continues"
        self._context.console.print(line, markup=False, soft_wrap=True)


def finish_tracking(run_dir: Path, journal: Journal, tracker: Tracker, status: str) -> None:
    """Show what is left of the search, and note whether the store has all of it."""
    artifacts = [path for name in _ARTIFACTS if (path := run_dir / name).is_file()]
    info = tracker.finish(status, artifacts)
    if info is not None:
        journal.set_meta(tracking=info, tracked=tracker.complete and status == "finished")
        write_summary(run_dir, journal)


def print_end(settings: Settings, context: Context, journal: Journal) -> None:
    """Print what the search found and where it is."""
    children = journal.children()
    best = best_child(children)
    stage_table(summarize(journal)["stages"]).print(context.console)
    best_table(from_children(children)).print(context.console)
    test = journal.meta("test_accuracy")
    if best is not None:
        shown = "none (no test part)" if test is None else f"{test:.4f}"
        _print(context, f"test accuracy of the best child: {shown}")
    if limit := journal.meta(STOPPED_BY):
        _print(context, f"stopped by {limit}; the same command with more continues")
    _print(context, f"outputs: {relative(context.run_dir)}")
    if (report := context.run_dir / REPORT).is_file():
        _print(context, f"report: {relative(report)}")
    if command := how_to_open(settings.tracking):
        _print(context, f"compare runs in MLflow: {command}")


def _print(context: Context, line: str) -> None:
    context.console.print(line, markup=False, highlight=False, soft_wrap=True)
