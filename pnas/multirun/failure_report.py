"""Failed jobs of a multirun: kept on file by their processes, listed at the end by Hydra's."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from pnas.multirun.optuna_results import ALL_FAILED, QuietBest, discard_best_of_failures
from pnas.runs.command_context import Context, forget_run_dir, keep_run_dir
from pnas.system.atomic_write import write_text
from pnas.system.redaction import scrub
from pnas.system.wording import plural

FAILED = ".failed"
"""Folder of a sweep with one file a failed job: its overrides, its error, its exit code."""

_SUCCEEDED = "succeeded"
"""File beside those of failed jobs: touched whenever a job of an Optuna study ends well."""

_exit_code = 0
_unreported: "ReportFailures | None" = None
"""The report of a multirun that has begun and not ended."""


def exit_code() -> int:
    """Exit code of this process's multirun: 0, or that of the first job that failed."""
    return _exit_code


def record_outcome(context: Context, outcome: Mapping[str, Any]) -> None:
    """Keep the outcome of a failed job for `ReportFailures`, which may run in another process.

    Args:
        context: The command around the job.
        outcome: ``error`` and ``exit_code`` of a failed job. An outcome without them removes what
            an earlier attempt has left.
    """
    assert context.sweep_dir is not None
    path = context.sweep_dir / FAILED / f"{context.job}.json"
    if "error" not in outcome:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(exist_ok=True)
    overrides = scrub(" ".join(context.overrides))
    write_text(path, json.dumps({**outcome, "job": context.job, "overrides": overrides}))


def note_success(context: Context) -> None:
    """Note that a job of a multirun has ended well."""
    assert context.sweep_dir is not None
    path = context.sweep_dir / FAILED / _SUCCEEDED
    path.parent.mkdir(exist_ok=True)
    path.touch()


def report_cut_off() -> None:
    """List the failed jobs of a multirun that was interrupted, of whose end Hydra does not tell."""
    if _unreported is not None:
        _unreported.list_failures()


class ReportFailures(Callback):
    """Hydra callback that lists the failed jobs when a multirun ends."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Forget the exit code of an earlier command in this process; keep the run directory."""
        _set_exit_code(0)
        keep_run_dir(config)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Note the failures of earlier commands, which tell this command's from them."""
        _set_exit_code(0)
        forget_run_dir()
        self._sweep_dir = Path(config.hydra.sweep.dir)
        self._earlier = _states(self._sweep_dir / FAILED)
        self._quiet_best = QuietBest(self._is_without_success)
        self._quiet_best.install()
        _set_unreported(self)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print the failed jobs, where one sees them: last."""
        without_success = self._is_without_success()
        failures = self.list_failures()
        if failures:
            _set_exit_code(int(failures[0]["exit_code"]))
        if without_success and discard_best_of_failures(self._sweep_dir):
            print(ALL_FAILED, file=sys.stderr)

    def list_failures(self) -> list[dict[str, Any]]:
        """Print the jobs that have failed, and return what is on file of them."""
        _set_unreported(None)
        self._quiet_best.remove()
        failures = self._failures()
        if not failures:
            return []

        jobs = plural(len(failures), "job")
        them = "it" if len(failures) == 1 else "them"
        heading = f"{jobs} of this multirun failed; the same command tries {them} again"
        print(heading, file=sys.stderr)
        for failure in failures:
            line = f"  job {failure['job']} ({failure['overrides']}): {failure['error']}"
            print(line, file=sys.stderr)
        return failures

    def _is_without_success(self) -> bool:
        """Whether jobs have failed and none of this command has succeeded, as far as is noted."""
        success = self._sweep_dir / FAILED / _SUCCEEDED
        return bool(self._failures()) and success not in self._new_files()

    def _failures(self) -> list[dict[str, Any]]:
        failures = []
        for path in self._new_files():
            if path.suffix == ".json":
                failures.append(json.loads(path.read_text()))
        return sorted(failures, key=lambda failure: int(failure["job"]))

    def _new_files(self) -> list[Path]:
        """Return the files that jobs of this command have written."""
        states = _states(self._sweep_dir / FAILED)
        return [path for path, state in states.items() if self._earlier.get(path) != state]


def _set_unreported(report: ReportFailures | None) -> None:
    global _unreported
    _unreported = report


def _states(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return what changes of each file in ``folder`` when it is written anew.

    Its date alone may lie before the start of the command that wrote it: a clock was set back, or
    is that of a file server.
    """
    states = {}
    for path in folder.glob("*"):
        stat = path.stat()
        states[path] = (stat.st_ino, stat.st_mtime_ns)
    return states


def _set_exit_code(code: int) -> None:
    global _exit_code
    _exit_code = code
