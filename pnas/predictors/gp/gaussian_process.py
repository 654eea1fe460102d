"""The predictor `controller=gp`: a Gaussian process on cell features, mostly functional paths."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.base import Counts, FitReport
from pnas.predictors.features import GROUPS, CellFeatures
from pnas.predictors.gp.feature_changes import FeatureChanges, FeatureEncoder
from pnas.predictors.gp.kernel import (
    KIND,
    Features,
    Kernel,
    column_variances,
    distance_scale,
)
from pnas.predictors.gp.likelihood import most_likely
from pnas.predictors.gp.posterior import Posterior, condition
from pnas.predictors.gp.scoring_tables import compile_tables
from pnas.predictors.parallel_scoring import one_thread, run_all
from pnas.predictors.persistence import load_arrays, save_arrays, unreadable_as_invalid
from pnas.predictors.score_transform import NormalScoreTransform
from pnas.predictors.specs import ControllerSpec, GPSpec
from pnas.predictors.token_layout import TokenLayout
from pnas.state_space import ABSENT, SlotSpace, Tokens

INDUCING = 1000
"""Largest number of cells that predictions are computed from, which bounds their cost."""

TUNING = 250
"""Largest number of cells that kernel parameters are chosen on."""

_CHECKED = 256
"""Cells of the history on which the error of scores in single precision is looked at."""

_CELLS_AT_A_TIME = 2304
_UNFITTED = 0.5  # expected reward before any fit


Score = Callable[[FeatureChanges], tuple[Features, ...]]


class GaussianProcess:
    """See `pnas.predictors.Predictor`. It is its data and kernel parameters; the rest follows.

    Attributes:
        layout: TokenLayout of the tokens.
        spec: Settings.
        kernel: Parameters found by the last fit; None before it.
    """

    def __init__(self, layout: TokenLayout, spec: ControllerSpec) -> None:
        self.layout = layout
        self.spec = spec
        self.kernel: Kernel | None = None
        self._seed = 0

    @classmethod
    def create(cls, space: SlotSpace, spec: ControllerSpec) -> "GaussianProcess":
        """Return an unfitted predictor for the cells of ``space``."""
        return cls(TokenLayout.of(space), spec)

    # -- fitting -----------------------------------------------------------------------------------

    def fit(
        self,
        tokens: Tokens,
        rewards: Sequence[float],
        stage: int,
        seed: int,
        repeats: Counts | None = None,
    ) -> FitReport:
        """See `pnas.predictors.Predictor.fit`. Its loss is the negative log posterior a cell."""
        self._seed = seed
        self._take_data(tokens, rewards, repeats)
        targets = self._transform.forward(rewards)

        order = np.random.default_rng(seed).permutation(len(tokens))
        rows = np.sort(order[:TUNING])
        with one_thread():  # small matrices: more threads would wait for one another
            features = self._scaled(tokens[rows])
            self.kernel, loss = most_likely(features, targets[rows], self._repeats[rows])
            self._condition(self._tokens, targets, self._repeats)
        return FitReport([loss / len(rows)])

    def _take_data(
        self, tokens: Tokens, rewards: Sequence[float], repeats: Counts | None = None
    ) -> None:
        self._tokens = tokens.copy()
        self._rewards = np.asarray(rewards, np.float64)
        self._repeats = np.ones(len(tokens))
        if repeats is not None:
            self._repeats = np.asarray(repeats, np.float64)
        self._transform = NormalScoreTransform.of(rewards)
        self._features = CellFeatures.of(self.layout, tokens)
        self._scales = self._distance_scales()
        self._encoder = FeatureEncoder(self.layout, self._features.known, self._scales)

    def _distance_scales(self) -> list[float]:
        """Return what the features of each group are divided by."""
        unscaled = FeatureEncoder(self.layout, self._features.known, [1.0] * len(GROUPS))
        variances = column_variances(unscaled.encode_alone(self._tokens).change)
        scales = []
        for group in range(len(GROUPS)):
            # A copy, for sums of neighbours in memory have an order of their own.
            scales.append(distance_scale(variances[unscaled.group == group]))
        return scales

    def _scaled(self, tokens: Tokens) -> list[Features]:
        """Return the features of a few cells, scaled by the distances within the history."""
        groups = self._features.groups(tokens)
        return [x / scale for x, scale in zip(groups, self._scales, strict=True)]

    def _condition(self, tokens: Tokens, targets: Features, repeats: Features) -> None:
        """Condition on these cells, which begin with those that have a reward."""
        assert self.kernel is not None
        history = self._encoder.encode_alone(tokens)
        group = self._encoder.group
        rows = self._inducing_rows(tokens)
        inducing = history.change[rows].toarray()
        cross = self.kernel.between_sparse(history.change, inducing, group).T
        by_group = [inducing[:, group == number] for number in range(len(GROUPS))]
        self._posterior: Posterior = condition(
            self.kernel,
            inducing=by_group,
            cross=cross,
            rows=rows,
            targets=targets,
            repeats=repeats,
        )
        checked = slice(0, _CHECKED)
        self._tables = compile_tables(
            self._posterior,
            inducing=inducing,
            group=group,
            sample=self._encoder.encode(tokens[checked]),
            expected=cross.T[checked] @ self._posterior.weights,
        )

    def expect(self, tokens: Tokens) -> None:
        """See `pnas.predictors.ExpectsCells.expect`: the kriging believer.

        Ginsbourger, Le Riche and Carraro (2010), "Kriging is well-suited to parallelize
        optimization", section 3.2. Kernel and scales stay those of the rewards that are known: what
        is expected has no noise, from which a fit would take the noise to be smaller than it is.
        """
        known = self._transform.forward(self._rewards.tolist())
        (mean,) = self._scores(tokens, lambda cells: (self._tables.mean(cells),), 1)
        repeats = np.concatenate([self._repeats, np.ones(len(tokens))])
        with one_thread():
            self._condition(_joined(self._tokens, tokens), np.concatenate([known, mean]), repeats)

    def _inducing_rows(self, tokens: Tokens) -> NDArray[np.intp]:
        """Return rows of different cells, all of them or a random sample."""
        flat = tokens.reshape(len(tokens), -1)
        _, first = np.unique(flat, axis=0, return_index=True)
        order = np.random.default_rng(self._seed).permutation(np.sort(first))
        return np.sort(order[:INDUCING])

    # -- scoring -----------------------------------------------------------------------------------

    def predict(self, tokens: Tokens) -> NDArray[np.float32]:
        """See `pnas.predictors.Predictor.predict`."""
        (scores,) = self._scores(tokens, lambda cells: (self._tables.mean(cells),), 1)
        return self._to_rewards(scores).astype(np.float32)

    def predict_mean_std(self, tokens: Tokens) -> tuple[Features, Features]:
        """See `pnas.predictors.Predictor.predict_mean_std`.

        The deviation is what one standard deviation upwards, on the scale of normal scores, adds to
        the reward. So cells are ranked by mean plus deviation as the process itself ranks them.
        """
        mean, deviation = self._mean_and_deviation(tokens)
        expected = self._to_rewards(mean)
        return expected, self._to_rewards(mean + deviation) - expected

    def predict_quantiles(self, tokens: Tokens, z: Features) -> Features:
        """Return rewards at ``z`` standard deviations from the expected normal score, (n, z).

        The map from scores to rewards is steep where rewards are low and flat where they are high,
        so that the distribution of a reward is no normal one.
        """
        mean, deviation = self._mean_and_deviation(tokens)
        scores = mean[:, None] + deviation[:, None] * z[None, :]
        return self._to_rewards(scores.ravel()).reshape(scores.shape)

    def _mean_and_deviation(self, tokens: Tokens) -> Features:
        """Return mean and standard deviation on the scale of normal scores, (2, n)."""
        if self.kernel is not None:
            self._tables.prepare_deviation()
        return self._scores(tokens, lambda cells: self._tables.mean_and_deviation(cells), 2)

    def _to_rewards(self, scores: Features) -> Features:
        if self.kernel is None:
            return np.full(len(scores), _UNFITTED)
        return self._transform.backward(scores)

    def _scores(self, tokens: Tokens, score: Score, rows: int) -> Features:
        """Return ``rows`` numbers of each cell on the scale of normal scores, (rows, n).

        Those of a cell are the same in whatever order and number cells come.
        """
        scores = np.zeros((rows, len(tokens)))
        if self.kernel is None:
            return scores

        starts = range(0, len(tokens), _CELLS_AT_A_TIME)

        def score_one(task: int) -> None:
            part = slice(starts[task], starts[task] + _CELLS_AT_A_TIME)
            scores[:, part] = score(self._encoder.encode(tokens[part]))

        run_all(score_one, len(starts))
        return scores

    # -- files -------------------------------------------------------------------------------------

    def save(self, directory: Path) -> None:
        """See `pnas.predictors.Predictor.save`."""
        arrays: dict[str, Any] = {}
        if self.kernel is not None:
            parameters = [self.kernel.noise, *self.kernel.lengths, self.kernel.slope]
            arrays["tokens"] = self._tokens
            arrays["rewards"] = self._rewards
            arrays["kernel"] = np.array(parameters)
            if (self._repeats != 1).any():
                arrays["repeats"] = self._repeats
        notes = {"seed": self._seed, "kernel": KIND}
        save_arrays(directory, self.spec, self.layout, arrays, notes)

    @classmethod
    def load(cls, directory: Path, space: SlotSpace) -> "GaussianProcess":
        """Return the predictor that `save` wrote (see `pnas.predictors.load_predictor`)."""
        saved = load_arrays(directory, space, {"gp": GPSpec})
        predictor = cls(TokenLayout.of(space), saved.spec)
        with unreadable_as_invalid(directory):
            predictor._seed = int(saved.notes["seed"])
            if saved.arrays:
                predictor._restore(saved.arrays, saved.notes.get("kernel"))
        return predictor

    def _restore(self, arrays: Mapping[str, Any], kind: str | None) -> None:
        tokens = arrays["tokens"]
        rewards = arrays["rewards"].tolist()
        repeats = arrays.get("repeats")
        if kind != KIND:  # saved with another kernel: the data are all that is needed
            self.fit(tokens, rewards, 0, self._seed, repeats)
            return

        noise, *lengths, slope = arrays["kernel"].tolist()
        self._take_data(tokens, rewards, repeats)
        self.kernel = Kernel(noise, tuple(lengths), slope)
        with one_thread():
            self._condition(self._tokens, self._transform.forward(rewards), self._repeats)


def _joined(first: Tokens, second: Tokens) -> Tokens:
    """Return the cells of both, (n, blocks, slots), padded to the larger number of blocks."""
    blocks = max(first.shape[1], second.shape[1])
    padded = []
    for tokens in (first, second):
        absent = ((0, 0), (0, blocks - tokens.shape[1]), (0, 0))
        padded.append(np.pad(tokens, absent, constant_values=ABSENT))
    return np.concatenate(padded)
