"""What executors hand to their workers: a picklable factory of the function that trains one child."""

from collections.abc import Callable
from dataclasses import dataclass

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
    """

    data: DataSpec
    network: NetworkSpec
    trainer: TrainerSpec
    inter_op_threads: int = 1
    gpu_memory_mb: int | None = None
    dataset: Dataset | None = None

    def __call__(self) -> Callable[[ChildJob], ChildResult]:
        manager = NetworkManager(
            self.dataset or load_dataset(self.data),
            network=self.network,
            trainer=self.trainer,
            inter_op_threads=self.inter_op_threads,
            gpu_memory_mb=self.gpu_memory_mb,
        )

        def run(job: ChildJob) -> ChildResult:
            return manager.evaluate(job.cell, job.seed, job.weights_path, job.accumulate)

        return run
