"""NetworkManager: from cells to rewards, by training each child from scratch."""

import dataclasses
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pnas.children.child_failure import first_line
from pnas.children.child_trainer import ChildTrainer
from pnas.children.child_weights import load_weights
from pnas.children.inference_spec import InferenceSpec
from pnas.children.network.builder import check_image
from pnas.children.network.counts import Counts
from pnas.children.network_specs import NetworkSpec, PNASNetworkSpec
from pnas.children.tensorflow_runtime import configure_runtime, release_memory
from pnas.children.trainer_specs import SearchTrainerSpec, TrainerSpec, check_augmentation
from pnas.data import Dataset
from pnas.errors import NotWritable, require
from pnas.records import ChildJob, ChildResult, Status
from pnas.records.child_records import TEST_ACCURACY
from pnas.records.stop_rule import StopRule
from pnas.seeds import derive_seed
from pnas.state_space import Cell, SlotSpace
from pnas.state_space.isomorphism.canonical import canonical_form

if TYPE_CHECKING:
    import keras

Metrics = Mapping[str, Sequence[float]]
"""Values by name."""


class NetworkManager:
    """Trains children on one data set.

    Attributes:
        dataset: Data set that children are trained and evaluated on.
        network: Settings of the network around their cells.
        trainer: Settings of their training.
        seed: Seed from which those of children without one are derived.
        child_trainer: Trains them.
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
            InvalidValue: A batch larger than the training set, images too small for the network or
                the augmentation, or no GPU where one is required.
        """
        self.dataset = dataset
        self.network = network or PNASNetworkSpec()
        self.trainer = _with_overrides(trainer or SearchTrainerSpec(), epochs, batchsize)
        self.seed = seed
        self._space = space
        check_batchsize(self.trainer, len(dataset.x_train))
        check_image(self.network, dataset.image_shape)
        check_augmentation(self.trainer, dataset.image_shape)
        configure_runtime(self.trainer, inter_op_threads, gpu_memory_mb)
        self.child_trainer = ChildTrainer(
            dataset, self.network, self.trainer, self.build_without_variables
        )

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
        stop_rule: StopRule | None = None,
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
            stop_rule: What may stop the training early. A child that was stopped has the metrics of
                its epochs, but neither a reward nor weights.

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
            stop_rule=stop_rule,
        )
        start = time.perf_counter()
        try:
            result = self.child_trainer.train(job)
        except NotWritable:
            raise
        except Exception as error:
            log = "".join(traceback.format_exception(error))
            seconds = time.perf_counter() - start
            return ChildResult.failed(job, first_line(error), seconds, log)
        finally:
            self.child_trainer.children.release_memory()
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

        def measured() -> Metrics:
            latency = measure_latency(job.cell, self.network, self.dataset, inference)
            return latency.as_metrics()

        return _result_of(job, measured, failure="its latency cannot be measured")

    def child_seed(self, cell: Cell) -> int:
        """Return the seed of a child without one: it depends on the manager's seed and the cell."""
        key = cell.text_hash if self._space is None else self._space.key(cell)
        return derive_seed(self.seed, "child", key)

    def count(self, cell: Cell) -> Counts:
        """Return the size of the child of ``cell``, without building it."""
        return self.child_trainer.limits.count(cell)

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

    def test(self, job: ChildJob) -> ChildResult:
        """Test the child of ``job`` with the weights of its file, without training it.

        Returns:
            A result without a reward, whose metrics are what `test_accuracy` says.
        """
        assert job.weights_path is not None
        weights_path = job.weights_path

        def tested() -> Metrics:
            return {TEST_ACCURACY: [self.test_accuracy(job.cell, weights_path)]}

        return _result_of(job, tested, failure="it cannot be tested")

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


def check_batchsize(trainer: TrainerSpec, examples: int) -> None:
    """Check that a batch needs no more than the ``examples`` of the training set.

    Raises:
        InvalidValue: It needs more.
    """
    rule = f"must not exceed the {examples} examples of the training set"
    require(trainer.batchsize <= examples, "trainer.batchsize", rule, trainer.batchsize)


def _result_of(job: ChildJob, find: Callable[[], Metrics], failure: str) -> ChildResult:
    """Return what ``find`` says of a child that is not trained, or why it says nothing.

    Args:
        job: The child.
        find: Returns its metrics.
        failure: Begins the line about whatever goes wrong.
    """
    start = time.perf_counter()
    try:
        metrics = find()
    except Exception as error:
        log = "".join(traceback.format_exception(error))
        reason = f"{failure}: {first_line(error)}"
        return ChildResult.failed(job, reason, time.perf_counter() - start, log)
    finally:
        release_memory()
    seconds = time.perf_counter() - start
    return ChildResult(job.cell, job.seed, Status.OK, metrics=metrics, seconds=seconds)


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
