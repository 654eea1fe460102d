"""An ensemble of different predictors that averages ranks, because their errors differ.

Predictions of different predictors are not comparable as they are: one shrinks towards the mean,
another does not. So each prediction becomes a normal score by its rank among the same predictor's
predictions for a fixed sample of cells, which are like those that the next stage may bring; the
scores are averaged. Unlike ranks among the cells that are scored, these do not depend on the other
cells.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.base import Counts, FitReport, Predictor
from pnas.predictors.member_scores import MemberScores
from pnas.predictors.persistence import load_arrays, save_arrays, unreadable_as_invalid
from pnas.predictors.registry import load_predictor, make_predictor
from pnas.predictors.score_transform import NormalScoreTransform
from pnas.predictors.specs import RankEnsembleSpec
from pnas.predictors.token_layout import TokenLayout
from pnas.seeds import derive_seed
from pnas.state_space import ABSENT, SlotSpace, Tokens

Floats = NDArray[np.float64]

SAMPLE = 1000
"""Number of cells that predictions are ranked among."""

_UNFITTED = 0.5
_MEAN = "mean"


class RankEnsemble(MemberScores):
    """See `pnas.predictors.Predictor`.

    Attributes:
        space: The space of its cells.
        spec: Settings.
        parts: The predictors of ``spec.parts``.
    """

    def __init__(
        self, space: SlotSpace, spec: RankEnsembleSpec, parts: Sequence[Predictor]
    ) -> None:
        self.space = space
        self.spec = spec
        self.parts = list(parts)
        self._part_transforms: list[NormalScoreTransform] = []
        self._transform: NormalScoreTransform | None = None

    @classmethod
    def create(cls, space: SlotSpace, spec: RankEnsembleSpec) -> "RankEnsemble":
        """Return an unfitted ensemble for the cells of ``space``."""
        parts = [make_predictor(space, part) for part in spec.part_specs()]
        return cls(space, spec, parts)

    # -- fitting -----------------------------------------------------------------------------------

    def fit(
        self,
        tokens: Tokens,
        rewards: Sequence[float],
        stage: int,
        seed: int,
        repeats: Counts | None = None,
    ) -> FitReport:
        """See `pnas.predictors.Predictor.fit`. Its one loss is the mean absolute error."""
        for name, part in zip(self.spec.parts, self.parts, strict=True):
            part.fit(tokens, rewards, stage, derive_seed(seed, "part", name), repeats)

        sample = likely_next_cells(self.space, tokens, SAMPLE, derive_seed(seed, "sample"))
        predicted = []
        transforms = []
        scores = []
        for part in self.parts:
            values = part.predict(sample).astype(np.float64)
            transform = NormalScoreTransform.of(values.tolist())
            predicted.append(values)
            transforms.append(transform)
            scores.append(transform.forward(values.tolist()))
        self._part_transforms = transforms

        # The mean score says how cells rank; the rewards that they rank among are the parts' mean
        # predictions.
        distinct, first = np.unique(np.mean(scores, axis=0), return_index=True)
        rewards_of_scores = np.sort(np.mean(predicted, axis=0)[first])
        self._transform = NormalScoreTransform(distinct, rewards_of_scores)
        errors = np.abs(self.predict(tokens) - np.asarray(rewards))
        return FitReport([float(errors.mean())])

    # -- scoring -----------------------------------------------------------------------------------

    def _scores(self, tokens: Tokens) -> Floats:
        if self._transform is None:
            return np.zeros((len(self.parts), len(tokens)))
        scores = []
        for transform, part in zip(self._part_transforms, self.parts, strict=True):
            scores.append(transform.forward(part.predict(tokens).tolist()))
        return np.stack(scores)

    def _to_rewards(self, scores: Floats) -> Floats:
        if self._transform is None:
            return np.full(scores.shape, _UNFITTED)
        return self._transform.backward(scores)

    # -- files -------------------------------------------------------------------------------------

    def save(self, directory: Path) -> None:
        """See `pnas.predictors.Predictor.save`: each part in a directory of its own."""
        for name, part in zip(self.spec.parts, self.parts, strict=True):
            part.save(directory / name)

        arrays = {}
        if self._transform is not None:
            transforms = [self._transform, *self._part_transforms]
            for name, transform in zip(self._names(), transforms, strict=True):
                arrays[f"{name}_scores"] = transform.scores
                arrays[f"{name}_rewards"] = transform.rewards
        save_arrays(directory, self.spec, TokenLayout.of(self.space), arrays, {})

    @classmethod
    def load(cls, directory: Path, space: SlotSpace) -> "RankEnsemble":
        """Return the ensemble that `save` wrote (see `pnas.predictors.load_predictor`)."""
        saved = load_arrays(directory, space, {"rank_ensemble": RankEnsembleSpec})
        assert isinstance(saved.spec, RankEnsembleSpec)
        with unreadable_as_invalid(directory):
            parts = [load_predictor(directory / name, space) for name in saved.spec.parts]
            ensemble = cls(space, saved.spec, parts)
            if saved.arrays:
                transforms = []
                for name in ensemble._names():
                    scores = saved.arrays[f"{name}_scores"]
                    transforms.append(NormalScoreTransform(scores, saved.arrays[f"{name}_rewards"]))
                ensemble._transform = transforms[0]
                ensemble._part_transforms = transforms[1:]
        return ensemble

    def _names(self) -> list[str]:
        """Return the names of the transforms in the file."""
        return [_MEAN, *self.spec.parts]


def likely_next_cells(space: SlotSpace, tokens: Tokens, count: int, seed: int) -> Tokens:
    """Return random cells one block larger than the largest of ``tokens``, grown from those.

    Where that would be larger than the space allows, the last block is exchanged instead.

    Args:
        space: The space of the cells.
        tokens: Cells of the history, (n, blocks, slots).
        count: Number of cells to return.
        seed: Seed of the sample.
    """
    rng = np.random.default_rng(seed)
    sizes = (tokens[:, :, 0] != ABSENT).sum(axis=1)
    b = min(int(sizes.max()) + 1, space.B)
    parents = tokens[sizes >= b - 1]
    grown = np.full((count, b, tokens.shape[2]), ABSENT, tokens.dtype)
    grown[:, : b - 1] = parents[rng.integers(len(parents), size=count), : b - 1]
    blocks = space.block_tokens(b)
    grown[:, b - 1] = blocks[rng.integers(len(blocks), size=count)]
    return grown
