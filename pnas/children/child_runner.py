"""The picklable factory, handed to workers, of the function that trains one child."""

import gc
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from pnas.children.inference_spec import InferenceSpec
from pnas.children.manager import NetworkManager
from pnas.children.network_specs import NetworkSpec
from pnas.children.trainer_specs import SearchTrainerSpec
from pnas.data import Dataset, DataSpec, load_dataset
from pnas.errors import require
from pnas.records import ChildJob, ChildResult


@dataclass(frozen=True)
class ChildRunnerFactory:
    """Loads the data, starts TensorFlow and returns ``job -> result``; called once in a worker.

    Attributes:
        data: Settings of the data set.
        network: Settings of the network around the cells.
        trainer: Settings of the training.
        inter_op_threads: Operations of one child that run at the same time; it changes the speed,
            not the results.
        gpu_memory_mb: Memory of its GPU, in MB, that the process may use; None means no limit.
        dataset: What ``data`` loads to, for workers that cannot load it themselves.
        inference: How children are measured that are to be measured.
        fingerprint: Fingerprint of what ``data`` must load to; None for any.
        preload: Modules that the server of worker processes imports before it forks them.
    """

    preload: ClassVar[tuple[str, ...]] = ("pnas.children.search_training.preload",)

    data: DataSpec
    network: NetworkSpec
    trainer: SearchTrainerSpec
    inter_op_threads: int = 1
    gpu_memory_mb: int | None = None
    dataset: Dataset | None = None
    inference: InferenceSpec = field(default_factory=InferenceSpec)
    fingerprint: str | None = None

    def __call__(self) -> Callable[[ChildJob], ChildResult]:
        if multiprocessing.parent_process() is not None:
            # A process that was not forked from the preloaded server imports here, in the same way.
            import pnas.children.search_training.preload  # noqa: F401

        manager = NetworkManager(
            self._load(),
            network=self.network,
            trainer=self.trainer,
            inter_op_threads=self.inter_op_threads,
            gpu_memory_mb=self.gpu_memory_mb,
        )
        # Without this, each collection after a child would look through TensorFlow's own objects,
        # which takes a fifth of a second.
        gc.collect()
        gc.freeze()

        def run(job: ChildJob) -> ChildResult:
            if job.measures:
                return manager.measure(job, self.inference)
            if job.tests:
                return manager.test(job)
            return manager.evaluate(
                job.cell,
                job.seed,
                job.weights_path,
                job.accumulate,
                job.epochs,
                job.kept_path,
                job.stop_rule,
            )

        return run

    def _load(self) -> Dataset:
        """Return the data.

        Raises:
            InvalidValue: Files have changed since the search was started, whose rewards are of
                others.
        """
        if self.dataset is not None:
            return self.dataset
        dataset = load_dataset(self.data)
        rule = f"must not change during a search ({self.fingerprint} at its start)"
        is_same = self.fingerprint in (None, dataset.fingerprint)
        require(is_same, "data", rule, dataset.fingerprint)
        return dataset
