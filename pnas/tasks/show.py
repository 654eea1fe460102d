"""`task=show`: one run in the terminal."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pnas.config import Settings
from pnas.config.task_specs import TASKS
from pnas.records import Journal, summarize
from pnas.records.run_directory import JOURNAL
from pnas.reports.data.advice import advise
from pnas.reports.data.headline import headline
from pnas.reports.data.run_reader import RunView, read_run
from pnas.reports.data.scored_cell import from_children
from pnas.reports.html.search_report import REPORT
from pnas.reports.terminal.result_tables import best_table, stage_table
from pnas.reports.terminal.text_grid import Column, Grid
from pnas.runs.command_context import Context
from pnas.runs.run_source import source_dir
from pnas.system.console import print_line

_FAILURES = 5


def run(settings: Settings, context: Context) -> None:
    """Print what the run's journal says of it; only reads."""
    home = source_dir(settings)
    view = read_run(home)
    Grid.of(f"{view.name} ({home})", _FACTS, [*headline(view).items(), *_settings(view)]).print(
        context.console
    )
    with closing(Journal(home / JOURNAL)) as journal:
        stage_table(summarize(journal)["stages"]).print(context.console)
    best_table(from_children(view.children), settings.task.top).print(context.console)
    for line in (*_failures(view), *_next(view), *_files(home)):
        print_line(context.console, line)


_FACTS = (
    Column("", lambda fact: fact[0], prose=True),
    Column("", lambda fact: fact[1], prose=True),
)


def _settings(view: RunView) -> Iterator[tuple[str, str]]:
    """What one wants to know of a run's configuration at a glance."""
    keys = (
        "state_space.B",
        "controller.K",
        "state_space.operators",
        "data.name",
        "trainer.epochs",
        "child.repeats",
    )
    for key in (*keys, "child.filters"):
        value = view.value(key)
        if value is not None:
            yield key, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _failures(view: RunView) -> Iterator[str]:
    for child in view.failed[:_FAILURES]:
        yield f"failed: {child.cell}: {child.error or 'for no known reason'}"
    if len(view.failed) > _FAILURES:
        yield f"and {len(view.failed) - _FAILURES} more failures; errors/ in the run directory has the logs"


def _next(view: RunView) -> Iterator[str]:
    for advice in advise(view, TASKS):
        yield f"next: {advice.reason} {advice.command}".rstrip()


def _files(home: Path) -> Iterator[str]:
    if (home / REPORT).is_file():
        yield f"report: {home / REPORT}"
    else:
        yield f"report: python run.py task=report from={home}"
