"""Progressive neural architecture search (Liu et al. 2018, https://arxiv.org/abs/1712.00559).

The search of the command ``pnas`` is a function (docs/python.md)::

    result = pnas.search((x, y), B=3, K=8)

The three names of the original project work as a plain library (see README, "As a library")::

    from pnas import ControllerManager, NetworkManager, StateSpace

They are imported on first use, so that ``import pnas`` and everything that only reads records stays
free of TensorFlow.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "SearchResult": "pnas.library",
    "open_result": "pnas.library",
    "Block": "pnas.state_space",
    "Cell": "pnas.state_space",
    "StateSpace": "pnas.state_space",
    "ControllerManager": "pnas.controller",
    "NetworkManager": "pnas.children",
    "load_dataset": "pnas.data",
    "PnasError": "pnas.errors",
}
__all__ = [*_PUBLIC, "search"]


def __getattr__(name: str) -> Any:
    if name == "search":
        # A package that can be called (`pnas.search`); importing it sets the attribute as well.
        return import_module("pnas.search")
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'pnas' has no attribute {name!r}")
