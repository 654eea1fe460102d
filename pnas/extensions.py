"""Parts of your own, from outside the package: operators, state spaces, predictors, data sets, executors.

A module offers them as a mapping called ``PNAS``, by kind and by the name that people type::

    PNAS = {"operators": {"my conv": my_conv}}

It is found by the entry points of installed packages (group ``pnas.extensions``, each naming such a module), and by
the environment variable ``PNAS_EXTENSIONS``: modules, or paths of .py files, separated by commas. Both are the choice
of whoever runs the command. Nothing that is stored, in a run directory or anywhere else, can name code to import: it
holds the names of parts only.
"""

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pnas.errors import InvalidValue, require

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


def extension(kind: str, name: str) -> Any:
    """What extensions offer under ``name``; None if nothing.

    Raises:
        InvalidValue: an extension that cannot be imported, or that offers nothing we know.
    """
    return _offered(os.environ.get(VARIABLE, "")).get(kind, {}).get(name)


def extension_names(kind: str) -> tuple[str, ...]:
    """The names under which extensions offer parts of ``kind``."""
    return tuple(_offered(os.environ.get(VARIABLE, "")).get(kind, {}))


@cache
def _offered(named: str) -> dict[str, dict[str, Any]]:
    from importlib.metadata import entry_points  # seldom needed, and slow to import

    modules = [_load_entry(entry) for entry in entry_points(group=GROUP)]
    modules += [_import(name.strip()) for name in named.split(",") if name.strip()]
    offered: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for module in modules:
        for kind, parts in _parts_of(module).items():
            offered[kind].update(parts)
    return offered


def _parts_of(module: ModuleType) -> Mapping[str, Mapping[str, Any]]:
    parts = getattr(module, _NAME, None)
    rule = f"must be modules with a mapping {_NAME} of kinds ({', '.join(KINDS)}) to parts by name"
    is_known = isinstance(parts, Mapping) and set(parts) <= set(KINDS)
    require(is_known, VARIABLE, rule, getattr(module, "__file__", module.__name__))
    return dict(parts or {})


def _load_entry(entry: Any) -> ModuleType:
    try:
        return importlib.import_module(entry.module)
    except Exception as error:
        raise _refusal(f"{entry.name} = {entry.value}", error) from error


def _import(name: str) -> ModuleType:
    try:
        return (
            _import_file(Path(name).absolute())
            if name.endswith(".py")
            else importlib.import_module(name)
        )
    except Exception as error:
        raise _refusal(name, error) from error


def _import_file(path: Path) -> ModuleType:
    """The file as a module under a name of its own, made once in this process."""
    name = f"pnas_extension_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _refusal(name: str, error: Exception) -> InvalidValue:
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return InvalidValue(VARIABLE, f"must name modules that can be imported ({reason})", name)
