"""Do searches find more if the Gaussian process knows the structure of cells?

    python experiments/benchmarks/structure_searches.py experiments/tables/digits.yaml --seeds 30
    python experiments/benchmarks/structure_searches.py nasbench201.npz --noise 0.003 --seeds 30
    PNAS_EXTENSIONS=docs/examples/my_graph_space.py \\
        python experiments/benchmarks/structure_searches.py cora.yaml --noise 0.003 --seeds 20

The default search from its first to its last training, a fifth of them to confirm, once with the
process as it is and once with the sparse structure of `structure_features.py` (longest, shortest
and mean path, number of paths and of unread blocks; a weight and a slope under exponential priors
of rate 4). That is a dense and slow version of it, made for this comparison. Prints the regret of
the winner in points, and how much better the search with structure is, paired over seeds. Results
are kept in --cache, so that the same command continues.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from common import paired_interval, print_machine, print_table, results_of_seeds
from confirmed_searches import BUDGETS, argument_parser, named, outcomes
from known_truth import make_world
from scipy.linalg import cho_factor, cho_solve
from structure_features import Fitted, most_likely, structure_of

from pnas.predictors.base import Counts, FitReport
from pnas.predictors.features import CellFeatures
from pnas.predictors.gp.gaussian_process import TUNING, GaussianProcess
from pnas.predictors.gp.kernel import Features, Kernel, distance_scale
from pnas.predictors.gp.likelihood import JITTER
from pnas.predictors.parallel_scoring import one_thread
from pnas.predictors.registry import PREDICTORS
from pnas.predictors.score_transform import NormalScoreTransform
from pnas.predictors.specs import ControllerSpec, GPSpec
from pnas.registry import Part
from pnas.state_space import SlotSpace, Tokens

RATE = 4.0
CELLS_AT_A_TIME = 2000
STRATEGY = "refined, mixed"


class StructureProcess(GaussianProcess):
    """The Gaussian process with the structure of cells as a sparse group of features."""

    @classmethod
    def create(cls, space: SlotSpace, spec: ControllerSpec) -> "StructureProcess":
        """See `GaussianProcess.create`."""
        process = super().create(space, spec)
        assert isinstance(process, cls)
        process._space = space
        return process

    def fit(
        self,
        tokens: Tokens,
        rewards: Sequence[float],
        stage: int,
        seed: int,
        repeats: Counts | None = None,
    ) -> FitReport:
        """See `GaussianProcess.fit`."""
        self._transform = NormalScoreTransform.of(rewards)
        targets = self._transform.forward(rewards)
        counts = np.ones(len(tokens)) if repeats is None else np.asarray(repeats, np.float64)
        self._features = CellFeatures.of(self.layout, tokens)
        structure = structure_of(self._space, tokens)
        self._middle = structure.mean(axis=0)
        deviations = structure.std(axis=0)
        self._deviations = np.where(deviations > 1e-9, deviations, 1.0)
        self._group_scales = [distance_scale(x.var(axis=0)) for x in self._groups(tokens)]
        self._known = self._scaled_groups(tokens)

        rows = np.sort(np.random.default_rng(seed).permutation(len(tokens))[:TUNING])
        with one_thread():
            tuned = [x[rows] for x in self._known]
            self._fitted: Fitted = most_likely(tuned[:-1], tuned[-1:], targets[rows], RATE)
            covariance = self._fitted.covariance(self._known, self._known)
            covariance[np.diag_indices(len(tokens))] += self._fitted.noise / counts + JITTER
            self._factor = cho_factor(covariance, lower=True)
            self._weights = cho_solve(self._factor, targets)
        self._scale = (float(targets @ self._weights) + 1) / (len(tokens) + 1)
        # What says that there was a fit; its parameters are not read.
        self.kernel = Kernel(np.log(self._fitted.noise), (), 0.0)
        return FitReport([self._fitted.density / len(rows)])

    def predict(self, tokens: Tokens) -> Any:
        """See `GaussianProcess.predict`."""
        return self._to_rewards(self._mean_and_deviation(tokens)[0]).astype(np.float32)

    def _groups(self, tokens: Tokens) -> list[Features]:
        structure = (structure_of(self._space, tokens) - self._middle) / self._deviations
        return [*self._features.groups(tokens), structure]

    def _scaled_groups(self, tokens: Tokens) -> list[Features]:
        groups = self._groups(tokens)
        return [x / scale for x, scale in zip(groups, self._group_scales, strict=True)]

    def _mean_and_deviation(self, tokens: Tokens) -> Features:
        found = np.zeros((2, len(tokens)))
        for first in range(0, len(tokens), CELLS_AT_A_TIME):
            part = slice(first, first + CELLS_AT_A_TIME)
            groups = self._scaled_groups(tokens[part])
            cross = self._fitted.covariance(groups, self._known)
            prior = 1 + sum(
                slope * (x**2).sum(axis=1)
                for slope, x in zip(self._fitted.slopes, groups, strict=True)
            )
            explained = (cross * cho_solve(self._factor, cross.T).T).sum(axis=1)
            found[0, part] = cross @ self._weights
            found[1, part] = np.sqrt(self._scale * np.maximum(prior - explained, 0))
        return found


PROCESSES: dict[str, type[GaussianProcess]] = {
    "as it is": GaussianProcess,
    "with structure": StructureProcess,
}


def main() -> None:
    args = argument_parser(__doc__).parse_args()
    world = make_world(args.table, args.reward, args.test, args.noise)
    found = {}
    for name in PROCESSES:
        path = args.cache / f"{Path(args.table).stem}-{args.noise}-{args.confirm}-{name}.json"
        place = (args.table, args.reward, args.test, args.noise)
        job = partial(search, place, name, args.confirm)
        found[name] = results_of_seeds(path, range(args.seeds), job, name, args.processes)

    rows = []
    for name, searches in found.items():
        row = [name]
        for budget in map(str, BUDGETS):
            regrets = [100 * (world.best_judged - judged(each, budget)) for each in searches]
            row.append("{:.2f} [{:.2f}, {:.2f}]".format(*paired_interval(regrets)))
        rows.append(row)
    row = ["better with structure"]
    for budget in map(str, BUDGETS):
        gains = []
        for own, other in zip(found["with structure"], found["as it is"], strict=True):
            gains.append(100 * (judged(own, budget) - judged(other, budget)))
        row.append("{:+.2f} [{:+.2f}, {:+.2f}]".format(*paired_interval(gains)))
    rows.append(row)
    print(f"{args.table}: regret of the winner, points, {args.seeds} seeds\n")
    print_table(["Gaussian process", *(f"{budget} trainings" for budget in BUDGETS)], rows)
    print_machine("numpy", "scipy")


def search(place: tuple[Any, ...], name: str, confirm: float, seed: int) -> dict[str, Any]:
    """Return what the default search with this process names at each budget."""
    parts = {"gp": Part(PROCESSES[name], GPSpec)}
    with patch.dict(PREDICTORS._parts, parts):
        return outcomes(make_world(*place), STRATEGY, BUDGETS, confirm, seed)


def judged(outcome: dict[str, Any], budget: str) -> float:
    """Return the judged accuracy of the winner."""
    winner = named(outcome[budget], confirmed=True)
    assert winner is not None
    return winner


if __name__ == "__main__":
    main()
