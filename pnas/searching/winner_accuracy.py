"""The test part, read once: by the trainings of the winner, when a search is over."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from pnas.children import NetworkManager
from pnas.config import Settings
from pnas.data import Dataset
from pnas.execution import Executor
from pnas.records import ChildJob, ChildRecord
from pnas.records.child_records import TEST_ACCURACY
from pnas.search.weight_recovery import weights_path

Accuracies = dict[str, float]
"""Test accuracies by the key of a child."""

TestAccuracy = Callable[[Sequence[ChildRecord]], Accuracies]
"""Returns the test accuracies of those of the children for which there are some."""


class ChildTester:
    """Tests children with the weights that they have left.

    Workers do it, which have TensorFlow running. This process imports it for those that they cannot
    test: workers on other machines may not see the weights.

    Args:
        settings: Settings of the command.
        dataset: Data with the test part.
        executor: What the children were trained by.
        weights_dir: Directory of their weights.
    """

    def __init__(
        self, settings: Settings, dataset: Dataset, executor: Executor, weights_dir: Path
    ) -> None:
        self._settings = settings
        self._dataset = dataset
        self._executor = executor
        self._weights_dir = weights_dir

    def accuracies(self, children: Sequence[ChildRecord]) -> Accuracies:
        """Return the test accuracies of those of ``children`` that left weights."""
        if self._dataset.x_test is None:
            return {}
        tested = [child for child in children if self._weights(child).is_file()]
        found = self._by_workers(tested)
        left = [child for child in tested if child.key not in found]
        found |= self._in_this_process(left)
        # In the order of the trainings, whichever was tested first.
        return {child.key: found[child.key] for child in tested}

    def _weights(self, child: ChildRecord) -> Path:
        return weights_path(self._weights_dir, child.key)

    def _by_workers(self, children: Sequence[ChildRecord]) -> Accuracies:
        found: Accuracies = {}
        if self._settings.executor.ships_data:
            return found
        jobs = [self._job(child) for child in children]
        for index, result in self._executor.run(jobs):
            if TEST_ACCURACY in result.metrics:
                found[children[index].key] = result.metrics[TEST_ACCURACY][0]
        return found

    def _job(self, child: ChildRecord) -> ChildJob:
        # Workers may have another working directory.
        path = self._weights(child).absolute()
        return ChildJob(child.cell, child.seed, weights_path=str(path), tests=True)

    def _in_this_process(self, children: Sequence[ChildRecord]) -> Accuracies:
        if not children:
            return {}
        with warnings.catch_warnings():
            # TensorFlow may use more threads here than in training, which does not matter.
            warnings.simplefilter("ignore")
            manager = NetworkManager(
                self._dataset, network=self._settings.child, trainer=self._settings.trainer
            )
        found = {}
        for child in children:
            found[child.key] = manager.test_accuracy(child.cell, self._weights(child))
        return found
