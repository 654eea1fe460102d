"""What executors hand to their workers: a picklable factory of the function that trains one child."""

import gc
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pnas.children.manager import NetworkManager
from pnas.children.spec import NetworkSpec, TrainerSpec
from pnas.data import Dataset, DataSpec, load_dataset
from pnas.records import ChildJob, ChildResult


@dataclass(frozen=True)
class ChildRunnerFactory:
    """Called once in a worker process: loads the data, starts TensorFlow, returns ``job -> result``.

    Attributes:
        data: what to load.
        network: what surrounds the cells.
        trainer: how children are trained.
        inter_op_threads: operations of one child that run side by side; it does not change results.
        gpu_memory_mb: memory of its GPU that the process may use; None = as much as it needs.
        dataset: what ``data`` loads to, for workers that cannot load it themselves.
        preload: modules that a server of worker processes imports before it forks them.
    """

    preload: ClassVar[tuple[str, ...]] = ("pnas.children.search_training.preload",)

    data: DataSpec
    network: NetworkSpec
    trainer: TrainerSpec
    inter_op_threads: int = 1
    gpu_memory_mb: int | None = None
    dataset: Dataset | None = None

    def __call__(self) -> Callable[[ChildJob], ChildResult]:
        if multiprocessing.parent_process() is not None:
            import pnas.children.search_training.preload  # noqa: F401 - unless the server it was forked from has done so
        manager = NetworkManager(
            self.dataset or load_dataset(self.data),
            network=self.network,
            trainer=self.trainer,
            inter_op_threads=self.inter_op_threads,
            gpu_memory_mb=self.gpu_memory_mb,
        )
        # Looking through TensorFlow's own objects after every child would cost a fifth of a second.
        gc.collect()
        gc.freeze()

        def run(job: ChildJob) -> ChildResult:
            return manager.evaluate(job.cell, job.seed, job.weights_path, job.accumulate)

        return run
