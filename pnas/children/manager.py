"""NetworkManager: cells in, rewards out. Trains each child from scratch, and outlives the ones that fail."""

import dataclasses
import gc
import time
import traceback
import warnings
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pnas.children.child_failure import ChildFailure
from pnas.children.child_weights import load_weights, save_weights
from pnas.children.network.builder import check_image
from pnas.children.network.counts import Counts
from pnas.children.network.limits import Limits
from pnas.children.spec import NetworkSpec, TrainerSpec
from pnas.children.tensorflow_runtime import configure_runtime
from pnas.data import Dataset
from pnas.errors import NotWritable, require
from pnas.records import ChildJob, ChildResult, Status
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace
from pnas.state_space.isomorphism.canonical import canonical_form

if TYPE_CHECKING:
    import keras

    from pnas.children.search_training.fast_loop import DeviceData, History
    from pnas.children.search_training.flat_weights import FlatWeights


class NetworkManager:
    """Trains children on one data set.

    Attributes:
        dataset: what they train and are measured on.
        network: what surrounds their cells.
        trainer: how they are trained.
        seed: from which the seeds of children are derived that come without one.
    """

    def __init__(
        self,
        dataset: Dataset,
        epochs: int | None = None,
        batchsize: int | None = None,
        *,
        network: NetworkSpec | None = None,
        trainer: TrainerSpec | None = None,
        seed: int = 0,
        space: SlotSpace | None = None,
        inter_op_threads: int = 1,
        gpu_memory_mb: int | None = None,
    ) -> None:
        """Check everything that can be checked before a child is built, and configure TensorFlow.

        Args:
            epochs: instead of the trainer's.
            batchsize: instead of the trainer's.
            space: tells which written forms are the same cell, so that they get the same seed.
            inter_op_threads: operations of one child that run side by side (speed only).
            gpu_memory_mb: memory of each GPU that this process may use; None = as much as it needs.

        Raises:
            InvalidValue: a batch larger than the training set, images too small for the network, no GPU where
                one was asked for, a recipe that only ``task=train`` follows.
        """
        given = {"epochs": epochs, "batchsize": batchsize}
        overrides = {name: value for name, value in given.items() if value is not None}
        self.dataset = dataset
        self.network = network or NetworkSpec()
        self.trainer = dataclasses.replace(trainer or TrainerSpec(), **overrides)  # type: ignore[arg-type]
        self.seed = seed
        self._space = space
        self.trainer.check_search_supported()
        check_batchsize(self.trainer, len(dataset.x_train))
        check_image(self.network, dataset.image_shape)
        configure_runtime(self.trainer, inter_op_threads, gpu_memory_mb)

    def get_reward(self, cell: Cell) -> float:
        """Train the child of ``cell``; its reward, in [0, 1]. A child that fails earns 0 and a warning."""
        result = self.evaluate(cell)
        if result.reward is None:
            warnings.warn(f"child {cell} failed: {result.error}", stacklevel=2)
            return 0.0
        return result.reward

    def evaluate(
        self,
        cell: Cell,
        seed: int | None = None,
        weights_path: str | Path | None = None,
        accumulate: int = 1,
    ) -> ChildResult:
        """Train the child of ``cell`` from scratch and measure it.

        Out of memory, it is trained again with half the examples at a time, and so on; gradients are added up
        over the batch, whose size stays what it is. ``metrics["accumulate"]`` then says in how many parts.

        Args:
            cell: the cell to stack.
            seed: of its weights and batches; None: derived from the manager's seed and the cell.
            weights_path: where to leave its trained weights (``.npz``).
            accumulate: parts of a batch to begin with, at least.

        Returns:
            The full record. Whatever goes wrong with this child (an invalid cell, memory, a loss that is not
            finite) makes a failed record, not an exception.
        """
        child_seed = self.child_seed(cell) if seed is None else seed
        job = ChildJob(
            cell, child_seed, None if weights_path is None else str(weights_path), accumulate
        )
        start = time.perf_counter()
        try:
            result = self._train_within_memory(job)
        except NotWritable:
            raise
        except Exception as error:
            log = "".join(traceback.format_exception(error))
            return ChildResult.failed(job, _reason(error), time.perf_counter() - start, log)
        finally:
            _release_memory()
        return dataclasses.replace(result, seconds=time.perf_counter() - start)

    def child_seed(self, cell: Cell) -> int:
        """The seed of a child that comes without one: from the manager's seed and the cell, nothing else."""
        key = self._space.key(cell) if self._space is not None else cell.text_hash
        return derive_seed(self.seed, "child", key)

    def count(self, cell: Cell) -> Counts:
        """Size of the child of ``cell``, without building it."""
        return self._limits.count(cell)

    @cached_property
    def _limits(self) -> Limits:
        return Limits(
            self.trainer, self.network, self.dataset.image_shape, self.dataset.num_classes
        )

    def build(self, cell: Cell, seed: int) -> "keras.Model":
        """The untrained child of ``cell``, with weights drawn from ``seed``. Seeds the process.

        Equivalent cells make the same network: it is built from their canonical form.
        """
        import keras

        from pnas.children.network.keras_layers import build_model

        keras.utils.set_random_seed(seed)
        shape = self.dataset.image_shape
        classes = self.dataset.num_classes
        return build_model(
            canonical_form(cell), self.network, shape, classes, self.trainer.mixed_precision
        )

    def test_accuracy(self, cell: Cell, weights_path: str | Path) -> float:
        """Accuracy on the test part of the child of ``cell`` with stored weights; no search step reads it.

        Raises:
            InvalidValue: a data set without a test part, or weights that are not this child's.
        """
        import tensorflow as tf

        from pnas.children.search_training.fast_loop import make_evaluation
        from pnas.children.search_training.flat_weights import FlatWeights

        x = self.dataset.x_test
        y = self.dataset.y_test
        require(x is not None, "data", "must have a test part", self.dataset.name)
        model = self.build(cell, seed=0)
        load_weights(model, weights_path)
        return make_evaluation(FlatWeights(model), tf.constant(x), tf.constant(y))()[1]

    def _train_within_memory(self, job: ChildJob) -> ChildResult:
        reason = "the worker of the attempt before was killed for it"
        trace = ""
        smallest = self.trainer.batchsize // max(1, job.accumulate // 2)
        for parts in self.trainer.parts_of_batch(job.accumulate):
            try:
                return self._train(job, parts)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                reason = _reason(error)
                smallest = self.trainer.batchsize // parts
                trace = "".join(traceback.format_exception(error))
            _release_memory()  # after the exception, whose traceback holds what was allocated
        failure = ChildFailure(f"out of memory, also with {smallest} examples at a time: {reason}")
        failure.add_note(trace)
        raise failure

    def _train(self, job: ChildJob, parts: int) -> ChildResult:
        from pnas.children.search_training.fast_loop import train

        params, flops = counts = self.count(job.cell)
        if (excess := self._limits.excess(counts)) is not None:
            raise ChildFailure(excess)
        weights = self._initial_weights(job)
        metrics = train(weights, self._data, self.trainer, job.seed, parts)
        if parts != self.trainer.accumulate:
            metrics["accumulate"] = [float(parts)]
        if job.weights_path is not None:
            save_weights(*weights.arrays(), job.weights_path)
        reward = reward_of(metrics, self.trainer)
        return ChildResult(job.cell, job.seed, Status.OK, reward, metrics, params, flops)

    @cached_property
    def _data(self) -> "DeviceData":
        from pnas.children.search_training.fast_loop import to_device

        return to_device(self.dataset)

    def _initial_weights(self, job: ChildJob) -> "FlatWeights":
        import keras

        from pnas.children.search_training.flat_weights import FlatWeights

        # Two thirds of building is the making of variables, which flat weights have no use for.
        with keras.StatelessScope(initialize_variables=False):
            model = self.build(job.cell, job.seed)
        return FlatWeights(model)


def reward_of(metrics: "History", trainer: TrainerSpec) -> float:
    """The reward that ``trainer.reward`` makes of per-epoch metrics."""
    accuracies = [metrics["val_accuracy"][epoch] for epoch in trainer.rewarded_epochs]
    return max(accuracies) if trainer.reward == "best" else sum(accuracies) / len(accuracies)


def check_batchsize(trainer: TrainerSpec, examples: int) -> None:
    """Raise `InvalidValue` if a batch needs more than the ``examples`` there are to train on."""
    rule = f"must not exceed the {examples} examples of the training set"
    require(trainer.batchsize <= examples, "trainer.batchsize", rule, trainer.batchsize)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether less to compute at a time might have gone well."""
    # By name: this module does without TensorFlow, and what raised it has it.
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def _reason(error: Exception) -> str:
    # TensorFlow's messages go on for pages of graph; their first line says what happened.
    first_line = (str(error).strip().splitlines() or [""])[0]
    return (
        first_line if isinstance(error, ChildFailure) else f"{type(error).__name__}: {first_line}"
    )


def _release_memory() -> None:
    import keras

    keras.backend.clear_session(free_memory=False)
    gc.collect()
