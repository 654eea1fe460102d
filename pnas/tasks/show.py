"""`task=show`: one run in the terminal."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pnas.config import Settings
from pnas.config.task_specs import TASKS
from pnas.records import Journal, summarize
from pnas.records.run_directory import JOURNAL
from pnas.records.training_record import Training
from pnas.reports.data.advice import advise
from pnas.reports.data.headline import headline
from pnas.reports.data.run_reader import read_run
from pnas.reports.data.run_view import RunView
from pnas.reports.data.scored_cell import from_children
from pnas.reports.html.search_report import REPORT
from pnas.reports.terminal.front_table import front_table, hypervolume_line
from pnas.reports.terminal.objective_errors_table import objective_errors_table
from pnas.reports.terminal.result_tables import best_table, stage_table
from pnas.reports.terminal.rung_table import rung_table
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.reports.terminal.training_table import cells_table, members_table
from pnas.runs.command_context import Context
from pnas.runs.run_source import source_dir
from pnas.system.console import print_json, print_line, shell_command

_MOST_FAILURES = 5

_SHOWN_SETTINGS = (
    "state_space.B",
    "controller.K",
    "state_space.operators",
    "data.name",
    "trainer.epochs",
    "child.repeats",
    "child.filters",
)
_SHOWN_OF_A_TRAINING = (
    "data.name",
    "trainer.epochs",
    "trainer.reward_metric",
    "task.seeds",
    "task.train_on",
    "child.repeats",
    "child.filters",
)


def run(settings: Settings, context: Context) -> None:
    """Print what the journal of the run says; only reads.

    Args:
        settings: Settings of the command.
        context: The command around the task.
    """
    run_dir = source_dir(settings)
    view = read_run(run_dir)
    if view.training is not None:
        _show_training(view, view.training, settings, context)
        return
    if settings.task.format == "json":
        with Journal(run_dir / JOURNAL) as journal:
            print_json(context.console, summarize(journal))
        return

    rows = [*headline(view).items(), *_settings(view)]
    Grid.of(f"{view.name} ({run_dir})", _FACTS, rows).print(context.console)
    with Journal(run_dir / JOURNAL) as journal:
        stages = summarize(journal)["stages"]
    stage_table(stages).print(context.console)
    rungs = rung_table(view.rungs)
    if rungs is not None:
        rungs.print(context.console)
    cells = from_children(view.children)
    best_table(cells, settings.task.top, winner=view.winner).print(context.console)
    if view.front is not None:
        front_table(view.front).print(context.console)
        print_line(context.console, hypervolume_line(view.front))
    errors = objective_errors_table(stages)
    if errors is not None:
        errors.print(context.console)

    for line in (*_failures(view), *_next_commands(view), _report_line(run_dir)):
        print_line(context.console, line)


def _show_training(view: RunView, training: Training, settings: Settings, context: Context) -> None:
    """Print what the journal of a `task=train` says; as JSON what training.json holds."""
    if settings.task.format == "json":
        print_json(context.console, training.as_record())
        return
    rows = [*headline(view).items(), *_settings(view, _SHOWN_OF_A_TRAINING)]
    Grid.of(f"{view.name} ({view.path})", _FACTS, rows).print(context.console)
    cells_table(training).print(context.console)
    members_table(training).print(context.console)
    for line in (*_next_commands(view), _report_line(view.path)):
        print_line(context.console, line)


_FACTS = (
    Column("", lambda fact: fact[0], prose=True),
    Column("", lambda fact: fact[1], prose=True),
)


def _settings(view: RunView, keys: Sequence[str] = _SHOWN_SETTINGS) -> Iterator[tuple[str, str]]:
    """Yield what one wants to know of a run's configuration at a glance."""
    for key in keys:
        if key == "controller.K" and not view.reads_K:
            continue
        value = view.value(key)
        if isinstance(value, list):
            yield key, ", ".join(map(str, value))
        elif value is not None:
            yield key, str(value)


def _failures(view: RunView) -> Iterator[str]:
    for child in view.failed[:_MOST_FAILURES]:
        yield f"failed: {child.cell}: {child.error or 'for no known reason'}"
    more = len(view.failed) - _MOST_FAILURES
    if more > 0:
        yield f"and {more} more failures; errors/ in the run directory has the logs"


def _next_commands(view: RunView) -> Iterator[str]:
    for advice in advise(view, TASKS):
        yield f"next: {advice.reason} {advice.command}".rstrip()


def _report_line(run_dir: Path) -> str:
    report = run_dir / REPORT
    if report.is_file():
        return f"report: {report}"
    return f"report: {shell_command(['task=report', f'from={run_dir}'])}"
