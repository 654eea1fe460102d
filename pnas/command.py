"""The command `pnas`: composes the configuration with Hydra, checks it, and hands over to one task.

`python run.py` in a checkout is the same command over the same files. `pnas --help` says what can
be typed.
"""

import gc
import logging
import sys

from pnas.system.console import (
    clear_status,
    error_line,
    is_output_closed,
    open_closed_streams,
    show_status,
    tolerate_any_encoding,
)
from pnas.system.interrupts import EXIT_CODE, answer_interrupts, command_is_over, was_interrupted
from pnas.system.lean_imports import own_process
from pnas.system.memory import explain_out_of_memory
from pnas.system.warning_filters import keep_warnings_from_raising


def main() -> int:
    """Run the command that was typed; return its exit code.

    Errors that a user can correct are one line and exit code 2. The exit code of an interrupted
    command is 130, whatever else went wrong as it ended.
    """
    # Before the imports below, which take a second in which Ctrl-C is to be answered as well.
    answer_interrupts()
    open_closed_streams()
    try:
        return _run_command()
    except KeyboardInterrupt:
        return EXIT_CODE
    except BrokenPipeError:
        # As rich ends where it prints: whoever read the output has seen enough.
        if is_output_closed():
            return 1
        raise
    except BaseException:
        if was_interrupted():
            return EXIT_CODE
        raise
    finally:
        clear_status()
        command_is_over()


def _run_command() -> int:
    own_process()
    if "--version" in sys.argv[1:]:
        from pnas.versions import describe_versions

        print(describe_versions())
        return 0

    tolerate_any_encoding()
    # Hydra logs what it is asked to print, also to a pipe that nobody reads any more.
    logging.raiseExceptions = False
    keep_warnings_from_raising()
    show_status("composing the configuration")
    try:
        return _compose_and_report()
    except (MemoryError, ImportError) as error:
        message = explain_out_of_memory(error)
        if message is None:
            raise
        return _report(message, exit_code=2)


def _compose_and_report() -> int:
    from pnas.config import COMPOSITION_ERRORS, explain
    from pnas.errors import PnasError

    try:
        _compose_and_run()
    except COMPOSITION_ERRORS as error:
        return _report(explain(error), exit_code=2)
    except OSError as error:
        # Of Hydra, which makes the folder of a multirun before any of its jobs begins.
        from pnas.system.os_errors import as_user_error

        return _report(str(as_user_error(error)), exit_code=2)
    except PnasError as error:
        return _report(str(error), error.exit_code)
    return _multirun_exit_code()


def _compose_and_run() -> None:
    from pnas.config import (
        COMPOSITION_ERRORS,
        composed_once,
        hide_credentials,
        quote_values,
        register_schema,
    )
    from pnas.hydra_job import check_options, explain_unforeseen, is_of_job, run

    register_schema()
    sys.argv[1:] = quote_values(hide_credentials(sys.argv[1:]))
    check_options(sys.argv[1:])
    # Composing makes a million small objects, few of them garbage; `run` turns it on again.
    gc.disable()
    try:
        with composed_once():
            run()
    except COMPOSITION_ERRORS as error:
        if str(error).strip():
            raise
        # An option that is a reference upwards, such as task=${..}.
        raise explain_unforeseen(error, sys.argv[1:]) from error
    except (MemoryError, ImportError, OSError):
        raise
    except Exception as error:
        # Hydra's parser and merger raise whatever an odd value makes them stumble over.
        if is_of_job(error):
            raise
        raise explain_unforeseen(error, sys.argv[1:]) from error
    finally:
        gc.enable()
        _report_cut_off_multirun()


def _report(message: str, exit_code: int) -> int:
    """Print what the user can correct, unless the command ended so because it was interrupted."""
    if was_interrupted():
        return EXIT_CODE
    clear_status()
    print(error_line(message), file=sys.stderr)
    return exit_code


def _report_cut_off_multirun() -> None:
    """List the failed jobs of a multirun that did not come to its end."""
    report = sys.modules.get("pnas.multirun.failure_report")
    if report is not None:
        report.report_cut_off()


def _multirun_exit_code() -> int:
    """The exit code of a failed job, if this command was a multirun and one failed."""
    report = sys.modules.get("pnas.multirun.failure_report")
    return 0 if report is None else int(report.exit_code())
