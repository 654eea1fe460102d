"""How a search ends: its winner is tested, its files are written, and what it found is printed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pnas.children import NetworkSpec
from pnas.config import Settings
from pnas.records import Journal, best_child, summarize, write_summary
from pnas.records.cell_trainings import cell_key, is_short
from pnas.records.front import read_front
from pnas.records.plan_facts import WINNER
from pnas.records.run_directory import CHILDREN, CONFIG, SUMMARY, WEIGHTS
from pnas.reports.data.budget_end import budget_end
from pnas.reports.data.run_reader import view_journal
from pnas.reports.data.scored_cell import from_children
from pnas.reports.html.search_report import REPORT
from pnas.reports.terminal.front_table import front_table, hypervolume_line
from pnas.reports.terminal.objective_errors_table import objective_errors_table
from pnas.reports.terminal.result_tables import best_table, stage_table
from pnas.reports.terminal.stopped_line import stopped_line
from pnas.runs.command_context import Context
from pnas.runs.display_paths import relative
from pnas.runs.run_ending import RunEnding, with_name
from pnas.search import STOPPED_BY
from pnas.searching.kept_weights import keep_winner_weights
from pnas.searching.run_files import Summarize
from pnas.searching.search_pictures import PICTURES, leave_pictures
from pnas.searching.winner_accuracy import TestAccuracy
from pnas.system.console import print_line
from pnas.system.wording import plural
from pnas.tracking import Tracker, how_to_open

_ARTIFACTS = (CONFIG, SUMMARY, CHILDREN, *PICTURES)
"""Files that the tracker keeps with the search."""


class SearchFiles:
    """summary.json, pictures and report of a search; see `pnas.runs.run_ending.DerivedFiles`.

    Args:
        run_dir: Run directory.
        journal: Its journal.
        network: Network around the cells.
    """

    def __init__(self, run_dir: Path, journal: Journal, network: NetworkSpec) -> None:
        self.run_dir = run_dir
        self._journal = journal
        self._network = network

    def write_record(self) -> None:
        """Write summary.json and children.csv."""
        write_summary(self.run_dir, self._journal)

    def write(self, status: str) -> None:
        """Write them, and draw everything anew."""
        self.write_record()
        # The journal of a search that is just ending may not have its status yet.
        leave_pictures(view_journal(self._journal, self.run_dir, status), self._network)

    def artifacts(self) -> Sequence[Path]:
        """Return those of the files that are there."""
        paths = [self.run_dir / name for name in _ARTIFACTS]
        return [path for path in paths if path.is_file()]


class SearchEnding(RunEnding):
    """Context of a running search.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        journal: Journal of the search.
        tracker: Tracker of the search.
        summary: Observer that counts the time of the search.
    """

    def __init__(
        self,
        settings: Settings,
        context: Context,
        journal: Journal,
        tracker: Tracker,
        summary: Summarize,
    ) -> None:
        files = SearchFiles(context.run_dir, journal, settings.child)
        super().__init__(context, journal, tracker, files)
        self._settings = settings
        self._summary = summary

    def __enter__(self) -> Self:
        super().__enter__()
        # The best child may be another one when the search has gone on.
        self._journal.set_meta(test_accuracy=None, winner_test_accuracies=None)
        return self

    def count_time(self) -> None:
        """See `RunEnding.count_time`."""
        self._summary.count_time()

    def _finish(self) -> None:
        """See `RunEnding._finish`."""
        self.count_time()
        self._journal.set_meta(status="finished")

    def _how_to_continue(self) -> str:
        besides = with_name(self._context, self._journal)
        return stopped_line(self._journal, self._context.run_dir, besides)

    def test_winner(self, test: TestAccuracy) -> None:
        """Read the test part, once and for the winner only, when the search is over.

        The winner is the best child where no cell was trained again.

        Args:
            test: Tests children.
        """
        best = best_child(self._journal.children())
        if best is None:
            return
        winner = self._journal.meta(WINNER)
        if winner is None:
            accuracies = test([best])
        else:
            children = self._journal.children()
            whole = [child for child in children if not is_short(child)]
            accuracies = test([child for child in whole if cell_key(child.key) == winner["key"]])
            self._journal.set_meta(winner_test_accuracies=list(accuracies.values()))
        keep_winner_weights(self._context.run_dir / WEIGHTS, self._journal)
        self._journal.set_meta(test_accuracy=accuracies.get(best.key))


def print_end(settings: Settings, context: Context, journal: Journal) -> None:
    """Print what the search found and where it is.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        journal: Journal of the search.
    """
    children = journal.children()
    summary = summarize(journal)
    stage_table(summary["stages"]).print(context.console)
    for line in _rung_lines(journal):
        print_line(context.console, line)
    best = best_table(from_children(children), winner=summary["winner"])
    best.print(context.console)
    front = read_front(journal)
    if front is not None:
        front_table(front).print(context.console)
        print_line(context.console, hypervolume_line(front))
    errors = objective_errors_table(summary["stages"])
    if errors is not None:
        errors.print(context.console)
    for line in _last_lines(settings, context, journal, summary):
        print_line(context.console, line)


def _rung_lines(journal: Journal) -> list[str]:
    """Say how far the rungs of the search can be trusted; nothing without rungs."""
    rungs: list[dict[str, Any]] = []
    for stage in journal.stages():
        rungs = (stage.predictor or {}).get("rungs") or rungs
    lines = []
    for rung in rungs:
        correlation = rung["spearman"][0]
        known = "not known" if correlation is None else f"{correlation:.2f}"
        use = "" if rung["is_trusted"] else ": too low, so later stages did without them"
        trainings = f"trainings of {plural(rung['epochs'], 'epoch')}"
        cells = plural(rung["both"], "cell")
        among_all = _correlation_among_all(rung)
        measured = f"rank correlation with rewards {known} over {cells}{among_all}"
        lines.append(f"{trainings}: {measured}{use}")
    return lines


def _correlation_among_all(rung: dict[str, Any]) -> str:
    """Say what the promoted cells of a rung tell of all its cells, where that is known."""
    corrected = rung.get("corrected")
    if corrected is None:
        return ""
    return f", {corrected:.2f} among all {rung['cells']:,} trained"


def _last_lines(
    settings: Settings, context: Context, journal: Journal, summary: Mapping[str, Any]
) -> list[str]:
    lines = []
    if summary["winner"] is not None:
        lines.extend(_winner_lines(summary))
    elif summary["best"] is not None:
        accuracy = journal.meta("test_accuracy")
        shown = "none (no test part)" if accuracy is None else f"{accuracy:.4f}"
        lines.append(f"test accuracy of the best child: {shown}")

    ended_by = budget_end(
        journal.meta(STOPPED_BY),
        children=journal.children(),
        winner=summary["winner"],
        config=journal.meta("config") or {},
    )
    if ended_by is not None:
        besides = with_name(context, journal)
        more = "and more" if besides else "with more"
        lines.append(f"{ended_by.describe()}; the same command{besides} {more} continues")

    lines.append(f"outputs: {relative(context.run_dir)}")
    report = context.run_dir / REPORT
    if report.is_file():
        lines.append(f"report: {relative(report)}")
    command = how_to_open(settings.tracking)
    if command:
        lines.append(f"compare runs in MLflow: {command}")
    view = (journal.meta("tracking") or {}).get("view")
    if view:
        lines.append(f"all searches side by side: {view}")
    return lines


def _winner_lines(summary: Mapping[str, Any]) -> list[str]:
    """Say which cell won, how sure that is, and what the highest reward is worth."""
    winner = summary["winner"]
    lines = [
        f"winner: {winner['cell']}",
        f"its reward: {winner['mean']:.4f} +- {winner['standard_error']:.4f}, the mean of "
        f"{plural(winner['trainings'], 'training')}; the best of "
        f"{plural(winner['finalists'], 'cell')} with probability {winner['probability_best']:.2f}",
    ]
    tied = len(winner["runners_up"])
    if tied:
        lines.append(
            f"{tied} of these cells cannot be told apart from it; "
            f"search.tie_break={winner['tie_break']} decided (summary.json has them)"
        )
    if summary["best"]["optimism"] is not None:
        lines.append(
            f"highest single reward: {summary['best']['reward']:.4f}, expected to be "
            f"{summary['best']['optimism']:.4f} lower in another training of its cell"
        )
    accuracy = winner["test_accuracy"]
    if accuracy is None:
        return [*lines, "test accuracy of the winner: none"]
    deviation = winner["test_standard_deviation"]
    spread = "" if deviation is None else f" +- {deviation:.4f}"
    number = plural(winner["test_trainings"], "training")
    lines.append(f"test accuracy of the winner: {accuracy:.4f}{spread} ({number})")
    return lines
