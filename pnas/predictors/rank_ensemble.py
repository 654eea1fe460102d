"""An ensemble of unlike predictors, which err in unlike ways.

Their predictions are not comparable as they are: one shrinks towards the mean, another does not. So each is turned into
a normal score by its rank among its own predictions for a fixed sample of cells, those that the next stage may bring,
and the scores are averaged. Unlike ranks among the cells that are asked about, these do not depend on the others.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pnas.predictors.base import FitReport, Predictor, load_predictor, make_predictor
from pnas.predictors.member_scores import ScoredMembers
from pnas.predictors.persistence import load_arrays, save_arrays, unreadable_as_invalid
from pnas.predictors.score_transform import NormalScoreTransform
from pnas.predictors.specs import ControllerSpec
from pnas.predictors.token_layout import Layout
from pnas.seeds import derive_seed
from pnas.state_space import ABSENT, SlotSpace, Tokens

Floats = NDArray[np.float64]
SAMPLE = 1000  # cells that predictions are ranked among


class RankEnsemble(ScoredMembers):
    """See `pnas.controller.Predictor`.

    Attributes:
        parts: the predictors of ``spec.parts``, each with its usual number of members.
    """

    def __init__(self, space: SlotSpace, spec: ControllerSpec, parts: Sequence[Predictor]) -> None:
        self.space = space
        self.spec = spec
        self.parts = list(parts)
        self._part_maps: list[NormalScoreTransform] = []
        self._map: NormalScoreTransform | None = None

    @classmethod
    def create(cls, space: SlotSpace, spec: ControllerSpec) -> "RankEnsemble":
        """An unfitted ensemble for the cells of ``space``."""
        return cls(space, spec, [make_predictor(space, part) for part in part_specs(spec)])

    def fit(self, tokens: Tokens, rewards: Sequence[float], stage: int, seed: int) -> FitReport:
        """See `pnas.controller.Predictor.fit`. Its one loss is the mean absolute error of the fit."""
        for name, part in zip(self.spec.parts, self.parts, strict=True):
            part.fit(tokens, rewards, stage, derive_seed(seed, "part", name))
        sample = likely_next(self.space, tokens, SAMPLE, derive_seed(seed, "sample"))
        predicted = [part.predict(sample).astype(np.float64) for part in self.parts]
        self._part_maps = [NormalScoreTransform.of(values.tolist()) for values in predicted]
        scored = [
            scores.forward(values.tolist())
            for scores, values in zip(self._part_maps, predicted, strict=True)
        ]
        # The mean score says how cells rank; what rewards they rank among is the parts' mean prediction.
        distinct, first = np.unique(np.mean(scored, axis=0), return_index=True)
        self._map = NormalScoreTransform(distinct, np.sort(np.mean(predicted, axis=0)[first]))
        return FitReport([float(np.abs(self.predict(tokens) - np.asarray(rewards)).mean())])

    # -- scoring -------------------------------------------------------------------------------------------

    def _scores(self, tokens: Tokens) -> Floats:
        if self._map is None:
            return np.zeros((len(self.parts), len(tokens)))
        pairs = zip(self._part_maps, self.parts, strict=True)
        return np.stack([scores.forward(part.predict(tokens).tolist()) for scores, part in pairs])

    def _map_back(self, scores: Floats) -> Floats:
        return np.full(scores.shape, 0.5) if self._map is None else self._map.backward(scores)

    # -- files ---------------------------------------------------------------------------------------------

    def save(self, directory: Path) -> None:
        """See `pnas.controller.Predictor.save`: each part in a directory of its own."""
        for name, part in zip(self.spec.parts, self.parts, strict=True):
            part.save(directory / name)
        maps = (
            {}
            if self._map is None
            else dict(zip(self._names(), [self._map, *self._part_maps], strict=True))
        )
        arrays = {f"{name}_scores": m.scores for name, m in maps.items()}
        arrays |= {f"{name}_rewards": m.rewards for name, m in maps.items()}
        save_arrays(directory, self.spec, Layout.of(self.space), arrays, {})

    @classmethod
    def load(cls, directory: Path, space: SlotSpace) -> "RankEnsemble":
        """See `pnas.controller.load_predictor`."""
        saved = load_arrays(directory, space)
        with unreadable_as_invalid(directory):
            ensemble = cls(
                space,
                saved.spec,
                [load_predictor(directory / name, space) for name in saved.spec.parts],
            )
            if saved.arrays:
                names = ensemble._names()
                arrays = saved.arrays
                maps = [
                    NormalScoreTransform(arrays[f"{name}_scores"], arrays[f"{name}_rewards"])
                    for name in names
                ]
                ensemble._map, *ensemble._part_maps = maps
        return ensemble

    def _names(self) -> list[str]:
        return ["mean", *self.spec.parts]


def part_specs(spec: ControllerSpec) -> list[ControllerSpec]:
    """The spec of each part: the ensemble's, with the part's name and its usual number of members."""
    return [
        replace(spec, predictor=name, members=ControllerSpec.named(name).members)
        for name in spec.parts
    ]


def likely_next(space: SlotSpace, tokens: Tokens, count: int, seed: int) -> Tokens:
    """``count`` random cells one block larger than the largest of ``tokens``, grown from those.

    Where that would be larger than the space allows, the last block is exchanged instead.
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
