"""`pnas.search`: the search of the command `pnas`, called from Python."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console

from pnas.config.credentials import show_redacted
from pnas.errors import RunDirectoryError, require
from pnas.library.array_files import Arrays, data_keys
from pnas.library.composition import compose_search
from pnas.library.overrides import overrides_of, written
from pnas.library.result import SearchResult
from pnas.multirun.task_execution import execute_task
from pnas.records.run_directory import JOURNAL
from pnas.runs.command_context import Context

_NOTEBOOK_WIDTH = 140  # characters of a line of output before a notebook wraps it, about


def search(
    data: str | Path | Arrays | None = None,
    *,
    name: str | None = None,
    directory: Path | str = "outputs",
    overrides: Sequence[str] = (),
    progress: bool = True,
    **keywords: Any,
) -> SearchResult:
    """Search the best cell for ``data``; continue where an earlier call of the same name stopped.

    It is the command `pnas` (``python run.py``): the same configuration files, checks, journal,
    workers and MLflow store, and every command reads what it leaves.

    Args:
        data: Name of a data set (``"digits"``), path of an image folder or an ``.npz`` file, or
            arrays: ``(x, y)``, ``(x, y, x_val, y_val)``, ``(x, y, x_val, y_val, x_test, y_test)``,
            or a mapping of these names. Images are (n, H, W) or (n, H, W, C). None for what an
            experiment or an override chooses, or else digits, as a command has it.
        name: Names the run directory; the same name continues that search. None for the time.
        directory: Directory of run directories.
        overrides: Overrides as a command would have them, such as ``"trainer.epochs=3"``.
        progress: Whether to print what the command prints.
        keywords: Any other key: ``B=3, epochs=5, minutes=10, workers=2``, a group with its
            option, ``controller="lstm"``, or a group with its keys, ``trainer={"epochs": 3}``.
            ``tracking="none"`` leaves MLflow out.

    Returns:
        What the search found; `SearchResult.best` is None with ``plan_only=True``.

    Raises:
        PnasError: A key or value that does not fit, before any work starts; or the search failed.
        KeyboardInterrupt: The search was interrupted; the same call continues it.
    """
    _check_own_arguments(directory, overrides)
    home = Path(directory).expanduser().absolute()
    named = {} if data is None else data_keys(data, home)
    typed = [f"{key}={written(value)}" for key, value in named.items()]
    typed += overrides_of(keywords if name is None else {"name": name, **keywords})
    typed += overrides

    composed = compose_search(typed)
    context = Context(
        run_dir=home / str(composed.config.name),
        typed=composed.typed,
        choices=composed.choices,
        overrides=tuple(show_redacted(word) for word in typed),
        console=_console(progress),
    )
    with _workers_import_no_script():
        execute_task(composed.config, context)
    return SearchResult(context.run_dir)


def _check_own_arguments(directory: Any, overrides: Any) -> None:
    """Check the arguments that are no keys of a command."""
    require(isinstance(directory, str | Path), "directory", "must be a path", directory)
    are_words = (
        isinstance(overrides, Sequence)
        and not isinstance(overrides, str)
        and all(isinstance(word, str) for word in overrides)
    )
    rule = "must be a list of texts, each KEY=VALUE"
    require(are_words, "overrides", rule, overrides)


def open_result(run_dir: Path | str) -> SearchResult:
    """Return what the search in ``run_dir`` has found so far, whoever started it.

    Raises:
        RunDirectoryError: It is no run directory.
    """
    path = Path(run_dir).expanduser().absolute()
    if not (path / JOURNAL).is_file():
        raise RunDirectoryError(f"{path} is not a run directory (it has no {JOURNAL})")
    return SearchResult(path)


def _console(progress: bool) -> Console:
    """Return a console for a script's terminal; for a notebook, one that prints plain lines."""
    if "ipykernel" in sys.modules:
        # The stream of a notebook says that it is a terminal, but no line of it is redrawn.
        return Console(
            width=_NOTEBOOK_WIDTH, quiet=not progress, force_jupyter=False, force_terminal=False
        )
    return Console(quiet=not progress)


@contextmanager
def _workers_import_no_script() -> Iterator[None]:
    """Hide the caller's script from multiprocessing, which would run it again in each worker.

    Workers need nothing of it; a script without ``if __name__ == "__main__"`` would search there.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
