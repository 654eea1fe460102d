"""Importing this module imports all that training a child needs, and starts none of it.

Worker processes are forked from a server that has done so: what takes each of them seconds is done once.
"""

import sys

from pnas.children.tensorflow_runtime import quiet_start


def _import_only_what_trains() -> None:
    """Import TensorFlow without what Keras takes along only where it is installed: a fifth of the time.

    For a process that does nothing but train children, before it has other threads that import.
    """
    unused = [name for name in ("matplotlib", "pandas") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(unused))  # type: ignore[arg-type]  # None: "there is no such module"
    try:
        with quiet_start():
            import tensorflow  # noqa: F401
    finally:
        for name in unused:
            del sys.modules[name]


_import_only_what_trains()

import pnas.children.search_training.fast_loop  # noqa: E402, F401 - Keras too
