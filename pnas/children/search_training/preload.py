"""Importing this module imports all that training a child needs, and starts none of it.

Worker processes are forked from a server that has done so: an import that would take each of them
seconds is done once.
"""

from pnas.system.lean_imports import own_process
from pnas.system.quiet_tensorflow import quiet_start

own_process()
with quiet_start():
    import tensorflow  # noqa: F401

# Keras and everything else, after TensorFlow.
import pnas.children.search_training.fast_loop  # noqa: E402, F401
