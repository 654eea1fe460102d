"""TensorFlow as children need it: threads, devices, and graphs built for short trainings."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pnas.children.trainer_specs import TrainerSpec
from pnas.errors import InvalidValue, require
from pnas.system.quiet_tensorflow import quiet_start


def _check_keras() -> None:
    """Give Keras the conventions that children are written for.

    keras.json may choose others, such as channels first.

    Raises:
        InvalidValue: Keras was imported with another backend before.
    """
    import keras

    backend = keras.backend.backend()
    require(backend == "tensorflow", "KERAS_BACKEND", "must be tensorflow to train", backend)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)


def configure_runtime(
    trainer: TrainerSpec, inter_op_threads: int = 1, gpu_memory_mb: int | None = None
) -> None:
    """Set threads and devices of this process. May be called again with the same values.

    Args:
        trainer: Its ``threads`` and ``device``.
        inter_op_threads: Operations of one child that run at the same time; it changes the speed,
            not the results.
        gpu_memory_mb: Memory of each GPU, in MB, that this process may use; None means no limit.

    Raises:
        InvalidValue: A GPU was required and TensorFlow sees none, TensorFlow already runs in this
            process with another number of threads, or Keras with another backend.
    """
    with quiet_start():
        import tensorflow as tf

        tf.config.list_physical_devices()
        _check_keras()
    _set_threads(trainer.threads, inter_op_threads)
    _set_devices(trainer.device, gpu_memory_mb)


def _set_threads(intra_op: int, inter_op: int) -> None:
    import tensorflow as tf

    threading = tf.config.threading
    current = threading.get_intra_op_parallelism_threads()
    try:
        threading.set_intra_op_parallelism_threads(intra_op)
    except RuntimeError:
        if current:
            rule = f"must stay {current} in this process: TensorFlow was started with it"
            raise InvalidValue("trainer.threads", rule, intra_op) from None
        warnings.warn(
            f"TensorFlow has started before trainer.threads={intra_op} could be set; it uses all "
            "cores, and rewards will differ slightly from those of other processes",
            stacklevel=2,
        )

    # Once TensorFlow has started this cannot be set. It matters for speed only.
    with suppress(RuntimeError):
        threading.set_inter_op_parallelism_threads(inter_op)


def _set_devices(device: str, memory_mb: int | None) -> None:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if device == "gpu":
        rule = (
            "must be cpu or auto here: TensorFlow sees no GPU "
            "(its CUDA build is tensorflow[and-cuda])"
        )
        require(bool(gpus), "trainer.device", rule, device)
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
        return

    # Once TensorFlow has started, its devices stay as they are.
    with suppress(RuntimeError):
        for gpu in gpus:
            _set_memory(gpu, memory_mb)


def _set_memory(gpu: object, memory_mb: int | None) -> None:
    import tensorflow as tf

    if memory_mb is None:
        tf.config.experimental.set_memory_growth(gpu, True)
        return
    limit = tf.config.LogicalDeviceConfiguration(memory_limit=memory_mb)
    tf.config.set_logical_device_configuration(gpu, [limit])


@contextmanager
def fast_graphs() -> Iterator[None]:
    """Run new graphs as they are written, without TensorFlow's graph optimizer (grappler).

    Optimizing the graph of a child takes longer than it saves in a short training.
    """
    import tensorflow as tf

    option = "disable_meta_optimizer"
    options = tf.config.optimizer.get_experimental_options()
    before = bool(options.get(option, False))
    tf.config.optimizer.set_experimental_options({option: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({option: before})


def release_memory() -> None:
    """Free what models need that nothing refers to any more.

    Keras and TensorFlow forget the names, kernels and variables of all models by it, those that
    are still in use included, which make them anew when they are next used.
    """
    import keras

    keras.backend.clear_session(free_memory=False)
    gc.collect()
