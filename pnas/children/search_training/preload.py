"""Importing this module imports all that training a child needs, and starts none of it.

Worker processes are forked from a server that has done so: an import that would take each of them
seconds is done once.
"""

import sys

from pnas.system.quiet_tensorflow import quiet_start

_UNUSED = ("matplotlib", "pandas")
"""Packages that Keras imports if they are installed, and that no child needs."""


def _import_tensorflow() -> None:
    """Import TensorFlow without the packages that a child does not need: a fifth of the time.

    For a process that only trains children, before it has other threads that import.
    """
    hidden = [name for name in _UNUSED if name not in sys.modules]
    for name in hidden:
        # The import system takes None for "there is no such module".
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        with quiet_start():
            import tensorflow  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]


_import_tensorflow()

# Keras and everything else, after TensorFlow.
import pnas.children.search_training.fast_loop  # noqa: E402, F401
