"""TensorFlow imported without its start-up messages, and with itself as Keras's backend."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pnas.system.lean_imports import lean_imports
from pnas.system.quiet_stderr import stderr_discarded


@contextmanager
def quiet_start() -> Iterator[None]:
    """Import TensorFlow in this block without its start-up messages; exceptions come through.

    Its libraries write some lines before they read ``TF_CPP_MIN_LOG_LEVEL``, straight to the file
    descriptor, which would break a search's progress bars.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    choose_keras_backend()
    if "tensorflow" in sys.modules:
        yield
        return

    with stderr_discarded(), lean_imports():
        yield
    # Every child is a new graph, so TensorFlow's warning about many traces means nothing here.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def start_tensorflow() -> None:
    """Import TensorFlow and let it look for devices, of which it speaks a second time."""
    with quiet_start():
        import tensorflow as tf

    if _Start.has_looked_for_devices:
        return
    with stderr_discarded():
        tf.config.list_physical_devices()
    _Start.has_looked_for_devices = True


class _Start:
    """What TensorFlow was asked for in this process."""

    has_looked_for_devices = False


def choose_keras_backend() -> None:
    """Make Keras use TensorFlow in this process, whatever the environment says.

    ``KERAS_BACKEND`` and keras.json are set by users for their other work. Children need
    TensorFlow. Where Keras is imported already, it stays as it is.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
