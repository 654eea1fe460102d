"""One job of a multirun, as a process: ``python -m pnas.tasks.job_process DESCRIPTOR``.

It reads its order (configuration and context, as JSON) from standard input and writes its outcome to the file
descriptor; see `pnas.multirun.job_launching`.
"""

import io
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any, TextIO, cast

from rich.console import Console

from pnas.errors import PnasError
from pnas.runs.command_context import Context
from pnas.system.redaction import scrub
from pnas.tasks import perform

_ORPHAN_SECONDS = 10.0
"""A job whose launcher is gone may be closing already; after this long it is told to."""


def main() -> None:
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    order = json.load(sys.stdin)
    outcome = _outcome(order["config"], _with_console(Context.from_dict(order["context"])))
    with os.fdopen(int(sys.argv[1]), "w") as answers:
        json.dump(outcome, answers)


def _outcome(config: Mapping[str, Any], context: Context) -> dict[str, Any]:
    try:
        return {"value": perform(config, context)}
    except PnasError as error:
        return {"error": scrub(str(error)), "exit_code": error.exit_code}
    except KeyboardInterrupt:
        return {"interrupted": True}
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {scrub(str(error))}", "exit_code": 1}


def _with_console(context: Context) -> Context:
    """Jobs side by side share one terminal: plain lines that say whose they are, and no moving bars."""
    if context.jobs_at_once < 2:
        return context
    lines = cast(IO[str], Prefixed(sys.stdout, f"job {context.job}: "))
    return replace(context, console=Console(file=lines, width=200))


class Prefixed(io.TextIOBase):
    """A text stream that puts ``prefix`` before each line that goes on to ``stream``."""

    def __init__(self, stream: TextIO, prefix: str) -> None:
        self._stream = stream
        self._prefix = prefix
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        # One call a line, so that lines of several jobs do not mix.
        for line in lines:
            self._stream.write(f"{self._prefix}{line}\n")
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def _end_with(launcher: int) -> None:
    """Close this job soon after its launcher has gone: a killed one cannot tell it to."""
    while os.getppid() == launcher:
        time.sleep(0.5)
    time.sleep(_ORPHAN_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
