"""One job of a multirun, as a process: ``python -m pnas.multirun.job_process DESCRIPTOR``.

It reads its order (configuration and context, as JSON) from standard input and writes its outcome
to the file descriptor; see `pnas.multirun.job_launching`.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import IO, Any, cast

from rich.console import Console

from pnas.errors import PnasError
from pnas.multirun.prefixed_output import PrefixedStream
from pnas.multirun.task_execution import execute_task
from pnas.runs.command_context import Context
from pnas.system.redaction import scrub

ORPHAN_SECONDS = 10.0
"""Seconds that a job whose launcher died may go on: it may be ending already."""

_POLL_SECONDS = 0.5
_WIDTH = 200  # characters; nobody wraps these lines


def main() -> None:
    """Run the job that standard input describes."""
    _watch_launcher()
    order = json.load(sys.stdin)
    context = _with_plain_console(Context.from_dict(order["context"]))
    outcome = _outcome(order["config"], context)

    descriptor = int(sys.argv[1])
    # A launcher that was killed reads no outcome; the same command finds it in the run directory.
    with suppress(BrokenPipeError), os.fdopen(descriptor, "w") as answers:
        json.dump(outcome, answers)


def _outcome(config: Mapping[str, Any], context: Context) -> dict[str, Any]:
    try:
        return {"value": execute_task(config, context)}
    except PnasError as error:
        return {"error": scrub(str(error)), "exit_code": error.exit_code}
    except KeyboardInterrupt:
        return {"interrupted": True}
    except Exception as error:
        traceback.print_exc()
        message = f"{type(error).__name__}: {scrub(str(error))}"
        return {"error": message, "exit_code": 1}


def _with_plain_console(context: Context) -> Context:
    """Give jobs that run side by side plain lines with their number, and no moving bars."""
    if context.jobs_at_once < 2:
        return context
    stream = PrefixedStream(sys.stdout, f"job {context.job}: ")
    console = Console(file=cast(IO[str], stream), width=_WIDTH)
    return replace(context, console=console)


def _watch_launcher() -> None:
    launcher = os.getppid()
    thread = threading.Thread(target=_end_after_launcher, args=(launcher,), daemon=True)
    thread.start()


def _end_after_launcher(launcher: int) -> None:
    """Interrupt this job soon after its launcher died: a killed launcher cannot do it."""
    while os.getppid() == launcher:
        time.sleep(_POLL_SECONDS)
    time.sleep(ORPHAN_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
