"""`ChildTrainer`: trains the children of one data set, in as much memory as there is."""

import dataclasses
import traceback
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pnas.children.child_failure import ChildFailure, first_line, is_out_of_memory
from pnas.children.child_weights import save_weights
from pnas.children.kept_children import ChildKey, KeptChildren
from pnas.children.network.limits import Limits
from pnas.children.network_specs import NetworkSpec
from pnas.children.tensorflow_runtime import release_memory
from pnas.children.trainer_specs import SearchTrainerSpec
from pnas.data import Dataset
from pnas.records import ChildJob, ChildResult, Status
from pnas.records.child_records import SHORT_REWARD
from pnas.records.training_curve import trained_epochs
from pnas.state_space import Cell
from pnas.state_space.isomorphism.canonical import canonical_form

if TYPE_CHECKING:
    import keras

    from pnas.children.search_training.fast_loop import History
    from pnas.children.search_training.kept_training import KeptTraining
    from pnas.children.search_training.traced_child import TracedChild
    from pnas.children.search_training.training_step import DeviceData


class ChildTrainer:
    """Trains children, which it keeps for further trainings of their cells.

    Attributes:
        limits: Limits of their size.
        children: The children that were trained last.

    Args:
        dataset: Data set that they are trained and validated on.
        network: Settings of the network around their cells.
        trainer: Settings of a whole training.
        build: Builds the child of a cell with the weights of a seed, whose variables are not made.
    """

    def __init__(
        self,
        dataset: Dataset,
        network: NetworkSpec,
        trainer: SearchTrainerSpec,
        build: Callable[[Cell, int], "keras.Model"],
    ) -> None:
        self._dataset = dataset
        self._network = network
        self._trainer = trainer
        self._build = build
        self.limits = Limits(trainer, network, dataset.image_shape, dataset.num_classes)
        self.children = KeptChildren(self._make_child)

    @cached_property
    def data(self) -> "DeviceData":
        """The data set as steps read it."""
        from pnas.children.search_training.training_step import to_device

        return to_device(self._dataset)

    def train(self, job: ChildJob) -> ChildResult:
        """Train ``job`` in more and more microbatches, until memory is enough.

        Raises:
            ChildFailure: Memory is not enough for the smallest microbatches either.
        """
        reason = "the worker of the attempt before was killed for it"
        trace = ""
        smallest = self._trainer.batchsize // max(1, job.accumulate // 2)
        for microbatches in self._trainer.microbatch_counts(job.accumulate):
            try:
                return self._train(job, microbatches)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                reason = first_line(error)
                smallest = self._trainer.batchsize // microbatches
                trace = "".join(traceback.format_exception(error))
            # After the except block: the traceback of the exception holds what was allocated.
            release_memory()

        failure = ChildFailure(f"out of memory, also with {smallest} examples at a time: {reason}")
        failure.add_note(trace)
        raise failure

    def forget_children(self) -> None:
        """Free the children that are kept for further trainings of their cells."""
        self.children.drop_all()
        self.children.release_memory()

    def _train(self, job: ChildJob, microbatches: int) -> ChildResult:
        """Train ``job``, without the children of earlier jobs if memory is short beside them.

        The microbatches that a child needs must not depend on what was trained before.
        """
        try:
            return self._train_once(job, microbatches)
        except Exception as error:
            if not is_out_of_memory(error) or not self.children:
                raise
        # After the except block, as above.
        self.forget_children()
        return self._train_once(job, microbatches)

    def _train_once(self, job: ChildJob, microbatches: int) -> ChildResult:
        from pnas.children.search_training.fast_loop import train

        counts = self.limits.count(job.cell)
        excess = self.limits.excess(counts)
        if excess is not None:
            raise ChildFailure(excess)

        trainer = self._trainer_of(job)
        kept = self._kept_training(job, microbatches)
        # A part of a training takes the steps of the whole one, compiled or not.
        whole = trainer if kept is None else kept.whole
        key = self._child_key(job.cell, whole, microbatches)
        child = self.children.take(key, job.seed)
        metrics = train(child, trainer, job.seed, kept, job.stop_rule)
        was_stopped = trained_epochs(metrics) < trainer.epochs
        reward: float | None = None if was_stopped else reward_of(metrics, trainer)
        if job.epochs is not None:
            metrics[SHORT_REWARD] = [float(reward or 0.0)]
            reward = None
        if microbatches != self._trainer.accumulate:
            metrics["accumulate"] = [float(microbatches)]
        if job.weights_path is not None and not was_stopped:
            save_weights(*child.weights.arrays(), job.weights_path)
        self.children.keep(key, child)
        return ChildResult(
            job.cell,
            job.seed,
            Status.STOPPED if was_stopped else Status.OK,
            reward=reward,
            metrics=metrics,
            params=counts.params,
            flops=counts.flops,
        )

    def _trainer_of(self, job: ChildJob) -> SearchTrainerSpec:
        if job.epochs is None:
            return self._trainer
        if job.kept_path is None:
            return shortened(self._trainer, job.epochs)
        return beginning(self._trainer, job.epochs)

    def _kept_training(self, job: ChildJob, microbatches: int) -> "KeptTraining | None":
        from pnas.children.search_training.kept_training import KeptTraining

        if job.kept_path is None:
            return None
        belongs_to = f"{canonical_form(job.cell)} {job.seed} {microbatches} {self._network}"
        return KeptTraining(Path(job.kept_path), self._trainer, belongs_to)

    def _child_key(self, cell: Cell, trainer: SearchTrainerSpec, microbatches: int) -> ChildKey:
        from pnas.children.search_training.traced_child import is_compiled

        return ChildKey(
            cell=canonical_form(cell),
            microbatches=microbatches,
            is_compiled=is_compiled(trainer, len(self._dataset.x_train)),
        )

    def _make_child(self, key: ChildKey, seed: int) -> "TracedChild":
        from pnas.children.search_training.traced_child import TracedChild

        model = self._build(key.cell, seed)
        trainer = dataclasses.replace(self._trainer, jit_compile="on" if key.is_compiled else "off")
        return TracedChild(model, self.data, trainer, seed, key.microbatches)


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
