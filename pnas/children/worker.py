"""What executors hand to their workers: a picklable factory of the function that trains one child."""

import gc
from collections.abc import Callable
from dataclasses import dataclass

from pnas.children.manager import NetworkManager
from pnas.children.spec import NetworkSpec, TrainerSpec
from pnas.data import DataSpec, load_dataset
from pnas.records import ChildJob, ChildResult


@dataclass(frozen=True)
class ChildRunnerFactory:
    """Called once in a worker process: loads the data, starts TensorFlow, returns ``job -> result``.

    Attributes:
        data: what to load.
        network: what surrounds the cells.
        trainer: how children are trained.
        inter_op_threads: operations of one child that run side by side; it does not change results.
    """

    data: DataSpec
    network: NetworkSpec
    trainer: TrainerSpec
    inter_op_threads: int = 1

    def __call__(self) -> Callable[[ChildJob], ChildResult]:
        dataset = load_dataset(self.data)
        manager = NetworkManager(
            dataset, network=self.network, trainer=self.trainer, inter_op_threads=self.inter_op_threads
        )
        # Looking through TensorFlow's own objects after every child would cost a fifth of a second.
        gc.collect()
        gc.freeze()

        def run(job: ChildJob) -> ChildResult:
            return manager.evaluate(job.cell, job.seed, job.weights_path)

        return run
