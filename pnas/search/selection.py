"""Which candidates of a stage are trained: the best predicted, with a share for the unknown, and a random probe."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pnas.controller.candidate_scoring import CHUNK, Feasibility, Generation, feasible_rows
from pnas.predictors.base import Predictor
from pnas.state_space import ABSENT, Candidates, SlotSpace, Tokens

Floats = NDArray[np.floating]
Rows = list[int]

_MOST_RARE = 20_000
"""Candidates, the best predicted, among which rare ones are looked for; bounds the time."""


@dataclass(frozen=True)
class Selection:
    """How children are chosen from candidates.

    Attributes:
        K: how many; None for all.
        uncertainty: what the predictor's spread adds to a candidate's expected reward.
        explore: share of K that goes to cells of decisions that are rare among those chosen so far.
        probe: how many random ones are added.
        chunk: cells scored at a time.
        allows: says of a cell whether it may be trained; None: any may.
    """

    K: int | None
    uncertainty: float = 0.0
    explore: float = 0.0
    probe: int = 0
    chunk: int = CHUNK
    is_feasible: Feasibility | None = None

    def choose(
        self,
        space: SlotSpace,
        predictor: Predictor,
        candidates: Candidates,
        generator: np.random.Generator,
    ) -> Generation:
        """The children: the K chosen, most promising first, then the probe."""
        started = time.perf_counter()
        tokens = candidates.tokens
        mean, spread = predict_mean_std_in_chunks(predictor, tokens, self.chunk)
        acquisition = mean + self.uncertainty * spread
        ranked = np.argsort(-acquisition, kind="stable").tolist()
        chosen = self._chosen(space, tokens, ranked)
        chosen.sort(key=lambda row: -acquisition[row])
        rows = chosen + self._probe(space, tokens, chosen, generator)
        predictions = [float(mean[row]) for row in rows]
        cells = space.decode(tokens[rows])
        seconds = time.perf_counter() - started
        return Generation(cells, predictions, candidates.generated, len(tokens), seconds)

    def _chosen(self, space: SlotSpace, tokens: Tokens, ranked: Rows) -> Rows:
        if self.K is None:
            return list(self._feasible_rows(space, tokens, ranked))
        rare = round(self.explore * self.K)
        best = list(islice(self._feasible_rows(space, tokens, ranked), self.K - rare))
        taken = set(best)
        rest = [row for row in ranked if row not in taken]
        promising = rest[: min(max(rare, len(rest) // 2), _MOST_RARE)] if rare else []
        return best + list(
            islice(self._feasible_rows(space, tokens, rarest(space, tokens, best, promising)), rare)
        )

    def _probe(
        self, space: SlotSpace, tokens: Tokens, chosen: Rows, generator: np.random.Generator
    ) -> Rows:
        left = np.setdiff1d(np.arange(len(tokens)), chosen)
        drawn = generator.permutation(left).tolist() if self.probe else []
        return list(islice(self._feasible_rows(space, tokens, drawn), self.probe))

    def _feasible_rows(
        self, space: SlotSpace, tokens: Tokens, rows: Iterable[int]
    ) -> Iterable[int]:
        return feasible_rows(space, tokens, rows, self.is_feasible)


def predict_mean_std_in_chunks(
    predictor: Predictor, tokens: Tokens, chunk: int = CHUNK
) -> tuple[Floats, Floats]:
    """Expected rewards (n,) and how far they may be off (n,): zeros of a predictor that cannot say."""
    parts = [
        _predict_mean_std(predictor, tokens[first : first + chunk])
        for first in range(0, len(tokens), chunk)
    ]
    if not parts:
        return np.empty(0), np.empty(0)
    mean, spread = (np.concatenate(side) for side in zip(*parts, strict=True))
    return mean, spread


def _predict_mean_std(predictor: Predictor, tokens: Tokens) -> tuple[Floats, Floats]:
    own = getattr(predictor, "predict_mean_std", None)
    if own is not None:
        return own(tokens)
    members = predictor.predict_members(tokens)
    return members.mean(axis=0), members.std(axis=0)


def rarest(
    space: SlotSpace, tokens: Tokens, chosen: Sequence[int], rows: Sequence[int]
) -> Iterable[int]:
    """``rows``, rarest first: each time the one whose decisions occur least among ``chosen`` and those before it.

    A value counts 1 / (1 + its occurrences), as in POPNAS (arXiv 2204.06325) operators and inputs that the chosen
    cells lack are given room. Of equally rare rows the first comes first.
    """
    kinds = list(space.vocabulary)
    columns = np.array([kinds.index(kind) for kind in space.slot_kinds])
    counts = np.zeros((len(kinds), max(map(len, space.vocabulary.values())) + 1))
    for row in chosen:
        _count(counts, columns, tokens[row])
    left = np.asarray(rows, np.intp)
    while len(left):
        cells = tokens[left]
        worth = np.where(cells == ABSENT, 0.0, 1.0 / (1.0 + counts[columns, cells]))
        first = int(np.argmax(worth.sum(axis=(1, 2))))
        yield int(left[first])
        _count(counts, columns, tokens[left[first]])
        left = np.delete(left, first)


def _count(counts: Floats, columns: NDArray[np.intp], cell: Tokens) -> None:
    present = cell != ABSENT
    np.add.at(counts, (np.broadcast_to(columns, cell.shape)[present], cell[present]), 1)
