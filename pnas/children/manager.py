"""NetworkManager: from cells to rewards, by training each child from scratch."""

import dataclasses
import time
import traceback
import warnings
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pnas.children.child_failure import ChildFailure
from pnas.children.child_weights import load_weights, save_weights
from pnas.children.inference_spec import InferenceSpec
from pnas.children.kept_children import ChildKey, KeptChildren
from pnas.children.network.builder import check_image
from pnas.children.network.counts import Counts
from pnas.children.network.limits import Limits
from pnas.children.network_specs import NetworkSpec, PNASNetworkSpec
from pnas.children.tensorflow_runtime import configure_runtime, release_memory
from pnas.children.trainer_specs import SearchTrainerSpec, TrainerSpec
from pnas.data import Dataset
from pnas.errors import NotWritable, require
from pnas.records import ChildJob, ChildResult, Status
from pnas.records.child_records import SHORT_REWARD
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace
from pnas.state_space.isomorphism.canonical import canonical_form

if TYPE_CHECKING:
    import keras

    from pnas.children.search_training.fast_loop import History
    from pnas.children.search_training.kept_training import KeptTraining
    from pnas.children.search_training.traced_child import TracedChild
    from pnas.children.search_training.training_step import DeviceData


class NetworkManager:
    """Trains children on one data set.

    Attributes:
        dataset: Data set that children are trained and evaluated on.
        network: Settings of the network around their cells.
        trainer: Settings of their training.
        seed: Seed from which those of children without one are derived.
    """

    def __init__(
        self,
        dataset: Dataset,
        epochs: int | None = None,
        batchsize: int | None = None,
        *,
        network: NetworkSpec | None = None,
        trainer: SearchTrainerSpec | None = None,
        seed: int = 0,
        space: SlotSpace | None = None,
        inter_op_threads: int = 1,
        gpu_memory_mb: int | None = None,
    ) -> None:
        """Check all settings before a child is built, and configure TensorFlow.

        Args:
            dataset: Data set that children are trained and evaluated on.
            epochs: Replaces the trainer's epochs.
            batchsize: Replaces the trainer's batch size.
            network: Settings of the network around the cells.
            trainer: Settings of the training.
            seed: Seed from which those of children without one are derived.
            space: State space that knows which written forms are the same cell, so that they get
                the same seed.
            inter_op_threads: Operations of one child that run at the same time (speed only).
            gpu_memory_mb: Memory of each GPU, in MB, that this process may use; None means no
                limit.

        Raises:
            InvalidValue: A batch larger than the training set, images too small for the network, or
                no GPU where one is required.
        """
        self.dataset = dataset
        self.network = network or PNASNetworkSpec()
        self.trainer = _with_overrides(trainer or SearchTrainerSpec(), epochs, batchsize)
        self.seed = seed
        self._space = space
        self._children = KeptChildren(self._make_child)
        check_batchsize(self.trainer, len(dataset.x_train))
        check_image(self.network, dataset.image_shape)
        configure_runtime(self.trainer, inter_op_threads, gpu_memory_mb)

    def get_reward(self, cell: Cell) -> float:
        """Train the child of ``cell`` and return its reward, in [0, 1].

        A child that fails has the reward 0 and causes a warning.
        """
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
        epochs: int | None = None,
        kept_path: str | Path | None = None,
    ) -> ChildResult:
        """Train the child of ``cell`` and evaluate it.

        When memory runs out, it is trained again with half the examples at a time, and so on.
        Gradients are added up over the batch, whose size stays the same. ``metrics["accumulate"]``
        is then the number of microbatches.

        Args:
            cell: Cell to stack.
            seed: Seed of weights and batches; None derives it from the manager's seed and the cell.
            weights_path: Where to write the trained weights (``.npz``).
            accumulate: Smallest number of microbatches of a batch to begin with.
            epochs: Epochs of a short training, with a whole learning rate schedule of its own. It
                has no reward; what it would be is ``metrics["short_reward"]``.
            kept_path: File (``.npz``) from which the training goes on, if it holds a shorter one of
                the same seed. A short training is kept there; it is then the beginning of the whole
                one, with the final decay of its schedule.

        Returns:
            The full record. Whatever goes wrong with this child (an invalid cell, memory, a loss
            that is not finite) gives a failed record, not an exception.

        Raises:
            NotWritable: The weights cannot be written, which is no failure of the child.
        """
        child_seed = self.child_seed(cell) if seed is None else seed
        job = ChildJob(
            cell,
            child_seed,
            weights_path=_as_text(weights_path),
            accumulate=accumulate,
            epochs=epochs,
            kept_path=_as_text(kept_path),
        )
        start = time.perf_counter()
        try:
            result = self._train_within_memory(job)
        except NotWritable:
            raise
        except Exception as error:
            log = "".join(traceback.format_exception(error))
            seconds = time.perf_counter() - start
            return ChildResult.failed(job, _first_line(error), seconds, log)
        finally:
            self._children.release_memory()
        return dataclasses.replace(result, seconds=time.perf_counter() - start)

    def measure(self, job: ChildJob, inference: InferenceSpec) -> ChildResult:
        """Measure the child of ``job`` as it would be exported, without training it.

        Args:
            job: The child.
            inference: How it is measured.

        Returns:
            A result without a reward, whose metrics are those of
            `pnas.children.inference_timing.Latency`.
        """
        from pnas.children.inference_timing import measure_latency

        start = time.perf_counter()
        try:
            latency = measure_latency(job.cell, self.network, self.dataset, inference)
        except Exception as error:
            log = "".join(traceback.format_exception(error))
            reason = f"its latency cannot be measured: {_first_line(error)}"
            return ChildResult.failed(job, reason, time.perf_counter() - start, log)
        finally:
            release_memory()
        return ChildResult(
            job.cell,
            job.seed,
            Status.OK,
            metrics=latency.as_metrics(),
            seconds=time.perf_counter() - start,
        )

    def forget_children(self) -> None:
        """Free the children that are kept for further trainings of their cells."""
        self._children.drop_all()
        self._children.release_memory()

    def child_seed(self, cell: Cell) -> int:
        """Return the seed of a child without one: it depends on the manager's seed and the cell."""
        key = cell.text_hash if self._space is None else self._space.key(cell)
        return derive_seed(self.seed, "child", key)

    def count(self, cell: Cell) -> Counts:
        """Return the size of the child of ``cell``, without building it."""
        return self._limits.count(cell)

    def build(self, cell: Cell, seed: int) -> "keras.Model":
        """Return the untrained child of ``cell`` with weights initialized from ``seed``.

        Seeds the whole process. Equivalent cells make the same network, because it is built from
        their canonical form.
        """
        import keras

        from pnas.children.network.keras_layers import build_model

        keras.utils.set_random_seed(seed)
        return build_model(
            canonical_form(cell),
            self.network,
            self.dataset.image_shape,
            self.dataset.num_classes,
            self.trainer.mixed_precision,
        )

    def build_without_variables(self, cell: Cell, seed: int) -> "keras.Model":
        """Return the child of ``cell`` as `build` does, whose variables are never made.

        Two thirds of the time to build a model go into variables, which the training does without
        (`pnas.children.search_training.flat_weights`).
        """
        import keras

        with keras.StatelessScope(initialize_variables=False):
            return self.build(cell, seed)

    def test_accuracy(self, cell: Cell, weights_path: str | Path) -> float:
        """Return the test accuracy of the child of ``cell`` with stored weights.

        No step of a search reads it.

        Raises:
            InvalidValue: A data set without a test part, or weights that are not this child's.
        """
        import tensorflow as tf

        from pnas.children.search_training.evaluation import make_evaluation
        from pnas.children.search_training.flat_weights import FlatWeights

        images = self.dataset.x_test
        labels = self.dataset.y_test
        require(images is not None, "data", "must have a test part", self.dataset.name)
        model = self.build(cell, seed=0)
        load_weights(model, weights_path)
        evaluate = make_evaluation(FlatWeights(model), tf.constant(images), tf.constant(labels))
        return evaluate().accuracy

    @cached_property
    def _limits(self) -> Limits:
        image_shape = self.dataset.image_shape
        return Limits(self.trainer, self.network, image_shape, self.dataset.num_classes)

    @cached_property
    def _data(self) -> "DeviceData":
        from pnas.children.search_training.training_step import to_device

        return to_device(self.dataset)

    def _train_within_memory(self, job: ChildJob) -> ChildResult:
        """Train ``job`` in more and more microbatches, until memory is enough.

        Raises:
            ChildFailure: Memory is not enough for the smallest microbatches either.
        """
        reason = "the worker of the attempt before was killed for it"
        trace = ""
        smallest = self.trainer.batchsize // max(1, job.accumulate // 2)
        for microbatches in self.trainer.microbatch_counts(job.accumulate):
            try:
                return self._train(job, microbatches)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                reason = _first_line(error)
                smallest = self.trainer.batchsize // microbatches
                trace = "".join(traceback.format_exception(error))
            # After the except block: the traceback of the exception holds what was allocated.
            release_memory()

        failure = ChildFailure(f"out of memory, also with {smallest} examples at a time: {reason}")
        failure.add_note(trace)
        raise failure

    def _train(self, job: ChildJob, microbatches: int) -> ChildResult:
        """Train ``job``, without the children of earlier jobs if memory is short beside them.

        The microbatches that a child needs must not depend on what was trained before.
        """
        try:
            return self._train_once(job, microbatches)
        except Exception as error:
            if not is_out_of_memory(error) or not self._children:
                raise
        # After the except block, as above.
        self.forget_children()
        return self._train_once(job, microbatches)

    def _train_once(self, job: ChildJob, microbatches: int) -> ChildResult:
        from pnas.children.search_training.fast_loop import train

        counts = self.count(job.cell)
        excess = self._limits.excess(counts)
        if excess is not None:
            raise ChildFailure(excess)

        trainer = self._trainer_of(job)
        kept = self._kept_training(job, microbatches)
        # A part of a training takes the steps of the whole one, compiled or not.
        whole = trainer if kept is None else kept.whole
        key = self._child_key(job.cell, whole, microbatches)
        child = self._children.take(key, job.seed)
        metrics = train(child, trainer, job.seed, kept)
        reward: float | None = reward_of(metrics, trainer)
        if job.epochs is not None:
            metrics[SHORT_REWARD] = [float(reward or 0.0)]
            reward = None
        if microbatches != self.trainer.accumulate:
            metrics["accumulate"] = [float(microbatches)]
        if job.weights_path is not None:
            save_weights(*child.weights.arrays(), job.weights_path)
        self._children.keep(key, child)
        return ChildResult(
            job.cell,
            job.seed,
            Status.OK,
            reward=reward,
            metrics=metrics,
            params=counts.params,
            flops=counts.flops,
        )

    def _trainer_of(self, job: ChildJob) -> SearchTrainerSpec:
        if job.epochs is None:
            return self.trainer
        if job.kept_path is None:
            return shortened(self.trainer, job.epochs)
        return beginning(self.trainer, job.epochs)

    def _kept_training(self, job: ChildJob, microbatches: int) -> "KeptTraining | None":
        from pnas.children.search_training.kept_training import KeptTraining

        if job.kept_path is None:
            return None
        belongs_to = f"{canonical_form(job.cell)} {job.seed} {microbatches} {self.network}"
        return KeptTraining(Path(job.kept_path), self.trainer, belongs_to)

    def _child_key(self, cell: Cell, trainer: SearchTrainerSpec, microbatches: int) -> ChildKey:
        from pnas.children.search_training.traced_child import is_compiled

        return ChildKey(
            cell=canonical_form(cell),
            microbatches=microbatches,
            is_compiled=is_compiled(trainer, len(self.dataset.x_train)),
        )

    def _make_child(self, key: ChildKey, seed: int) -> "TracedChild":
        from pnas.children.search_training.traced_child import TracedChild

        model = self.build_without_variables(key.cell, seed)
        trainer = dataclasses.replace(self.trainer, jit_compile="on" if key.is_compiled else "off")
        return TracedChild(model, self._data, trainer, seed, key.microbatches)


def reward_of(metrics: "History", trainer: SearchTrainerSpec) -> float:
    """Return the reward that ``trainer.reward`` defines on per-epoch metrics."""
    values = metrics[f"val_{trainer.reward_metric}"]
    rewarded = [values[epoch] for epoch in trainer.rewarded_epochs]
    if trainer.reward == "best":
        return max(rewarded)
    return sum(rewarded) / len(rewarded)


def shortened(trainer: SearchTrainerSpec, epochs: int) -> SearchTrainerSpec:
    """Return the settings of a training of fewer epochs: its schedule is as much shorter."""
    share = epochs / trainer.epochs
    return dataclasses.replace(
        trainer,
        epochs=epochs,
        warmup_epochs=trainer.warmup_epochs * share,
        decay_epochs=trainer.decay_epochs * share,
    )


def beginning(trainer: SearchTrainerSpec, epochs: int) -> SearchTrainerSpec:
    """Return the settings of the first ``epochs`` epochs of a training, which then decays."""
    return dataclasses.replace(trainer, epochs=epochs)


def check_batchsize(trainer: TrainerSpec, examples: int) -> None:
    """Check that a batch needs no more than the ``examples`` of the training set.

    Raises:
        InvalidValue: It needs more.
    """
    rule = f"must not exceed the {examples} examples of the training set"
    require(trainer.batchsize <= examples, "trainer.batchsize", rule, trainer.batchsize)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether the same computation in smaller parts might have succeeded."""
    # TensorFlow's error is recognised by its name: this module does not import TensorFlow.
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def _with_overrides(
    trainer: SearchTrainerSpec, epochs: int | None, batchsize: int | None
) -> SearchTrainerSpec:
    overrides: dict[str, Any] = {}
    if epochs is not None:
        overrides["epochs"] = epochs
    if batchsize is not None:
        overrides["batchsize"] = batchsize
    return dataclasses.replace(trainer, **overrides)


def _as_text(path: str | Path | None) -> str | None:
    return None if path is None else str(path)


def _first_line(error: Exception) -> str:
    """Return one line about ``error``: TensorFlow's messages go on for pages of graph."""
    lines = str(error).strip().splitlines()
    first = lines[0] if lines else ""
    if isinstance(error, ChildFailure):
        return first
    return f"{type(error).__name__}: {first}"
