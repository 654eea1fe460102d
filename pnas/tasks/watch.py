"""`task=watch`: the report of a running search in the browser, kept up to date."""

import time
from collections.abc import Callable

from pnas.config import Settings
from pnas.config.task_specs import TASKS
from pnas.errors import InvalidValue
from pnas.reports.html.live_page import LivePage
from pnas.runs.command_context import Context
from pnas.runs.run_source import source_dir
from pnas.system.console import print_line
from pnas.system.loopback_server import PageServer, ServedPage

_RUNNING = "running"
_LAST_REFRESHES = 2
"""Refreshes for which a server stays after the search's end, so that open pages show it."""


def run(settings: Settings, context: Context) -> None:
    """Serve the report until Ctrl-C, or until the search has ended; only reads.

    Args:
        settings: Settings of the command.
        context: The command around the task.

    Raises:
        InvalidValue: ``task.port`` is not free.
    """
    task = settings.task
    run_dir = source_dir(settings)
    page = LivePage(run_dir, TASKS)

    def make_page() -> ServedPage:
        is_over = page.status() != _RUNNING
        # Without until_end a search that is continued later is shown as well.
        refresh = None if is_over and task.until_end else task.seconds
        return ServedPage(page.html(), refresh)

    with _server(make_page, task.port) as server:
        print_line(context.console, f"watching {run_dir}: {server.address} (Ctrl-C ends)")
        _wait(page, task.seconds, task.until_end)
    print_line(context.console, f"{run_dir} is {page.status()}")


def _server(make_page: Callable[[], ServedPage], port: int) -> PageServer:
    try:
        return PageServer(make_page, port)
    except OSError as error:
        raise InvalidValue("task.port", "must be a port that is free", port) from error


def _wait(page: LivePage, seconds: int, until_end: bool) -> None:
    while not until_end or page.status() == _RUNNING:
        time.sleep(seconds)
    time.sleep(_LAST_REFRESHES * seconds)
