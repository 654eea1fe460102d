"""Extensions: parts from outside the package, such as operators, predictors and strategies.

A module offers them as a mapping called ``PNAS``, by kind and by the name that people type::

    PNAS = {"operators": {"my conv": my_conv}}

It is found by the entry points of installed packages (group ``pnas.extensions``, each naming such a
module), and by the environment variable ``PNAS_EXTENSIONS``: modules, or paths of .py files,
separated by commas. Both are the choice of whoever runs the command. Nothing that is stored, in a
run directory or anywhere else, can name code to import: it holds the names of parts only.
"""

import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pnas.errors import InvalidValue, PnasError, require

KINDS = (
    "operators",
    "state_spaces",
    "predictors",
    "strategies",
    "data",
    "executors",
    "objectives",
)
GROUP = "pnas.extensions"
VARIABLE = "PNAS_EXTENSIONS"
_NAME = "PNAS"
_LONGEST_REASON = 200

_packages: set[str] = set()
"""Top-level names of the modules that were imported as extensions."""


@contextmanager
def explaining_extensions() -> Iterator[None]:
    """Turn what the code of an extension raises within a ``with`` block into one line.

    Raises:
        InvalidValue: An extension has raised something else than an error that users can meet. The
            message names the last place in its code, where its author looks.
    """
    try:
        yield
    except (PnasError, MemoryError):
        raise
    except Exception as error:
        explained = _explain(error)
        if explained is None:
            raise
        raise explained from error


def _explain(error: Exception) -> InvalidValue | None:
    """Return what to tell of an error that passed through an extension; None of any other."""
    place = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__"))
        if module.partition(".")[0] in _packages:
            place = (frame.f_code, line)
    if place is None:
        return None

    code, line = place
    reason = _reason(error)
    rule = f"must name modules whose parts do not raise ({reason}, line {line} in {code.co_name})"
    return InvalidValue(VARIABLE, rule, code.co_filename)


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST_REASON]


def extension(kind: str, name: str) -> Any:
    """Return what extensions offer under ``name``; None if nothing.

    Raises:
        InvalidValue: An extension that cannot be imported, or that offers an unknown kind.
    """
    return _offered_now().get(kind, {}).get(name)


def extension_names(kind: str) -> tuple[str, ...]:
    """Return the names under which extensions offer parts of ``kind``."""
    return tuple(_offered_now().get(kind, {}))


def check_names(kind: str, is_taken: Callable[[str], bool]) -> None:
    """Check that no extension offers a part of ``kind`` under a name that is taken.

    Args:
        kind: Kind of the parts.
        is_taken: Whether the package has a part of that name, which would be used instead.

    Raises:
        InvalidValue: An extension does.
    """
    rule = f"must name modules whose {kind} have names of their own"
    for name in extension_names(kind):
        require(not is_taken(name), VARIABLE, rule, name)


def _offered_now() -> dict[str, dict[str, Any]]:
    return _offered(os.environ.get(VARIABLE, ""))


@cache
def _offered(names: str) -> dict[str, dict[str, Any]]:
    """All parts by kind and name, of installed packages and of the modules in ``names``."""
    offered: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for module in (*_installed_modules(), *_named_modules(names)):
        _packages.add(module.__name__.partition(".")[0])
        for kind, parts in _parts_of(module).items():
            offered[kind].update(parts)
    return offered


def _installed_modules() -> Iterable[ModuleType]:
    from importlib.metadata import entry_points  # seldom needed, and slow to import

    for entry in entry_points(group=GROUP):
        try:
            yield importlib.import_module(entry.module)
        except Exception as error:
            raise _not_importable(f"{entry.name} = {entry.value}", error) from error


def _named_modules(names: str) -> Iterable[ModuleType]:
    for part in names.split(","):
        name = part.strip()
        if not name:
            continue
        try:
            if name.endswith(".py"):
                yield _import_file(Path(name).absolute())
            else:
                yield importlib.import_module(name)
        except Exception as error:
            raise _not_importable(name, error) from error


def _parts_of(module: ModuleType) -> Mapping[str, Mapping[str, Any]]:
    parts = getattr(module, _NAME, None)
    is_known = isinstance(parts, Mapping) and set(parts) <= set(KINDS)
    rule = f"must be modules with a mapping {_NAME} of kinds ({', '.join(KINDS)}) to parts by name"
    require(is_known, VARIABLE, rule, getattr(module, "__file__", module.__name__))
    return dict(parts or {})


def _import_file(path: Path) -> ModuleType:
    """Import a file as a module under a name of its own, once in this process."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()
    name = f"pnas_extension_{path.stem}_{digest[:8]}"
    if name in sys.modules:
        return sys.modules[name]

    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    # Before it runs, so that what its classes pickle is found under this name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _not_importable(name: str, error: Exception) -> InvalidValue:
    rule = f"must name modules that can be imported ({_reason(error)})"
    return InvalidValue(VARIABLE, rule, name)
