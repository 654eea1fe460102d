"""Selection of the children of a stage among its candidates.

Most are the best predicted ones; a share may go to decisions that were rarely chosen, and a random
probe may be added.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pnas.controller.candidate_scoring import CHUNK, Feasibility, Generation, feasible_rows
from pnas.predictors.base import Predictor
from pnas.predictors.finite_predictions import require_finite
from pnas.state_space import ABSENT, Candidates, SlotSpace, Tokens

Floats = NDArray[np.floating]
Rows = list[int]

_RARE_AMONG = 20_000
"""Best predicted candidates among which rare ones are looked for; bounds the time."""


@dataclass(frozen=True)
class Selection:
    """How children are chosen from candidates.

    Attributes:
        K: Number of chosen children; None for all candidates.
        uncertainty: Weight of the predictive standard deviation. Candidates are ranked by their
            acquisition value, the expected reward plus this weight times it.
        explore: Share of K that goes to cells of decisions that are rare among those chosen.
        probe: Number of random candidates added to the chosen ones.
        chunk: Number of cells scored at a time.
        is_feasible: Whether a cell may be trained; None if every cell may.
        feasibility: Returns the probability of each candidate to keep the constraints that are
            known after a measurement only, by which its acquisition value is multiplied; None
            without such constraints.
    """

    K: int | None
    uncertainty: float = 0.0
    explore: float = 0.0
    probe: int = 0
    chunk: int = CHUNK
    is_feasible: Feasibility | None = None
    feasibility: Callable[[Tokens], Floats] | None = None

    def choose(
        self,
        space: SlotSpace,
        predictor: Predictor,
        candidates: Candidates,
        generator: np.random.Generator,
    ) -> Generation:
        """Return the children: the K chosen ones, most promising first, then the probe.

        Args:
            space: Space of the candidates.
            predictor: Scores the candidates.
            candidates: Cells to choose from, each once.
            generator: Source of the probe.
        """
        started = time.perf_counter()
        tokens = candidates.tokens
        mean, std = predict_mean_std_in_chunks(predictor, tokens, self.chunk)
        acquisition = self.acquisition(space, predictor, tokens, mean, std)
        ranked = np.argsort(-acquisition, kind="stable").tolist()

        chosen = self._chosen(space, tokens, ranked)
        chosen.sort(key=lambda row: -acquisition[row])
        rows = chosen + self._probe(space, tokens, chosen, generator)
        return Generation(
            cells=space.decode(tokens[rows]),
            predictions=[float(mean[row]) for row in rows],
            candidates_scored=candidates.generated,
            unique_candidates=len(tokens),
            seconds=time.perf_counter() - started,
        )

    def acquisition(
        self, space: SlotSpace, predictor: Predictor, tokens: Tokens, mean: Floats, std: Floats
    ) -> Floats:
        """Return what candidates are ranked by, highest first, (n,).

        Args:
            space: Space of the candidates.
            predictor: Predictor of their rewards.
            tokens: The candidates, (n, blocks, slots).
            mean: Their expected rewards, (n,).
            std: Their predictive standard deviations, (n,).
        """
        del space, predictor
        value = mean + self.uncertainty * std
        if self.feasibility is None:
            return value
        # Rewards are not below 0, so that the product is lower for a lower probability.
        return np.maximum(value, 0.0) * self.feasibility(tokens)

    def _chosen(self, space: SlotSpace, tokens: Tokens, ranked: Rows) -> Rows:
        feasible = self._feasible_rows(space, tokens, ranked)
        if self.K is None:
            return list(feasible)
        num_rare = round(self.explore * self.K)
        best = list(islice(feasible, self.K - num_rare))
        if not num_rare:
            return best

        taken = set(best)
        rest = [row for row in ranked if row not in taken]
        # The better half of what is left, so that what is rare is not bad at the same time.
        num_promising = min(max(num_rare, len(rest) // 2), _RARE_AMONG)
        by_rarity = rarest(space, tokens, best, rest[:num_promising])
        rare = list(islice(self._feasible_rows(space, tokens, by_rarity), num_rare))

        # Where too few of them may be trained, the best ones take their places.
        taken.update(rare)
        left = [row for row in ranked if row not in taken]
        missing = num_rare - len(rare)
        return [*best, *rare, *islice(self._feasible_rows(space, tokens, left), missing)]

    def _probe(
        self, space: SlotSpace, tokens: Tokens, chosen: Rows, generator: np.random.Generator
    ) -> Rows:
        if not self.probe:
            return []
        left = np.setdiff1d(np.arange(len(tokens)), chosen)
        shuffled = generator.permutation(left).tolist()
        return list(islice(self._feasible_rows(space, tokens, shuffled), self.probe))

    def _feasible_rows(
        self, space: SlotSpace, tokens: Tokens, rows: Iterable[int]
    ) -> Iterable[int]:
        return feasible_rows(space, tokens, rows, self.is_feasible)


def predict_mean_std_in_chunks(
    predictor: Predictor, tokens: Tokens, chunk: int = CHUNK
) -> tuple[Floats, Floats]:
    """Return expected rewards (n,) and predictive standard deviations (n,).

    The latter are zeros for a predictor that does not know its uncertainty.

    Raises:
        InvalidValue: One of them is not finite.
    """
    means: list[Floats] = []
    stds: list[Floats] = []
    for first in range(0, len(tokens), chunk):
        mean, std = predictor.predict_mean_std(tokens[first : first + chunk])
        means.append(require_finite(predictor, mean))
        stds.append(require_finite(predictor, std))
    if not means:
        return np.empty(0), np.empty(0)
    return np.concatenate(means), np.concatenate(stds)


def rarest(
    space: SlotSpace, tokens: Tokens, chosen: Sequence[int], rows: Sequence[int]
) -> Iterable[int]:
    """Yield ``rows``, rarest first.

    The rarest row is the one whose decisions occur least among the rows ``chosen`` and those
    yielded before it: a value counts 1 / (1 + its occurrences), as in POPNAS (arXiv 2204.06325),
    where operators and inputs that the chosen cells lack are given room. Of equally rare rows the
    first comes first.
    """
    kinds = list(space.vocabulary)
    columns = np.array([kinds.index(kind) for kind in space.slot_kinds])
    longest = max(len(values) for values in space.vocabulary.values())
    counts = np.zeros((len(kinds), longest + 1))
    for row in chosen:
        _count(counts, columns, tokens[row])

    left = np.asarray(rows, np.intp)
    while len(left):
        cells = tokens[left]
        rarity = np.where(cells == ABSENT, 0.0, 1.0 / (1.0 + counts[columns, cells]))
        first = int(np.argmax(rarity.sum(axis=(1, 2))))
        yield int(left[first])
        _count(counts, columns, tokens[left[first]])
        left = np.delete(left, first)


def _count(counts: Floats, columns: NDArray[np.intp], cell: Tokens) -> None:
    """Add the decisions of ``cell`` to ``counts`` (kinds, values)."""
    present = cell != ABSENT
    kinds = np.broadcast_to(columns, cell.shape)
    np.add.at(counts, (kinds[present], cell[present]), 1)
