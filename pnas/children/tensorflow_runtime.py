"""TensorFlow as children need it: threads, devices, graphs built for short trainings."""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pnas.children.spec import TrainerSpec
from pnas.errors import InvalidValue, require


@contextmanager
def quiet_start() -> Iterator[None]:
    """Keep TensorFlow's start-up chatter out of a search's progress bars; exceptions come through.

    Its libraries write some lines before they read ``TF_CPP_MIN_LOG_LEVEL``, straight to the file descriptor.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules:
        yield
        return
    sys.stderr.flush()
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
    # Every child is a new graph: its warning about many traces tells nothing.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def configure_runtime(
    trainer: TrainerSpec, inter_op_threads: int = 1, gpu_memory_mb: int | None = None
) -> None:
    """Threads and devices of this process. May be called again with the same values.

    Args:
        trainer: ``threads`` and ``device`` are read.
        inter_op_threads: operations of one child that run side by side. It does not change results.
        gpu_memory_mb: memory of each GPU that this process may use; None = as much as it needs.

    Raises:
        InvalidValue: a GPU was asked for and TensorFlow sees none, or TensorFlow already runs in this process
            with another number of threads.
    """
    with quiet_start():
        import tensorflow as tf

        tf.config.list_physical_devices()
    _set_threads(trainer.threads, inter_op_threads)
    _set_devices(trainer.device, gpu_memory_mb)


def _set_threads(intra_op: int, inter_op: int) -> None:
    import tensorflow as tf

    started_with = tf.config.threading.get_intra_op_parallelism_threads()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(intra_op)
    except RuntimeError:
        if started_with:
            rule = f"must stay {started_with} in this process, TensorFlow has started with it"
            raise InvalidValue("trainer.threads", rule, intra_op) from None
        warnings.warn(
            f"TensorFlow has started before trainer.threads={intra_op} could be set; it uses all cores, and "
            "rewards will differ slightly from those of other processes",
            stacklevel=2,
        )
    with suppress(
        RuntimeError
    ):  # started already: this one is speed alone, as it was is good enough
        tf.config.threading.set_inter_op_parallelism_threads(inter_op)


def _set_devices(device: str, memory_mb: int | None) -> None:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if device == "gpu":
        how = "must be cpu or auto here: TensorFlow sees no GPU (its CUDA build is tensorflow[and-cuda])"
        require(bool(gpus), "trainer.device", how, device)
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
        return
    for gpu in gpus:
        try:
            if memory_mb is None:
                tf.config.experimental.set_memory_growth(gpu, True)
            else:
                limit = tf.config.LogicalDeviceConfiguration(memory_limit=memory_mb)
                tf.config.set_logical_device_configuration(gpu, [limit])
        except RuntimeError:
            return  # already started: as it was


@contextmanager
def lean_graphs() -> Iterator[None]:
    """Run new graphs as they are written.

    Rewriting a child's graph (grappler) takes longer than what it saves in a short training.
    """
    import tensorflow as tf

    before = bool(
        tf.config.optimizer.get_experimental_options().get("disable_meta_optimizer", False)
    )
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": before})
