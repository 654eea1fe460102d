"""Whether a rung can be trusted: how far its ranks agree with those of whole trainings.

After the first group only the cells that were promoted have both trainings. Signals vary less among
them than among all cells of the rung, which lowers their correlation with the reward: after 20
groups of 18 cells a rung of .60 shows .40. Trust is decided by the correlation corrected for that
(Thorndike 1949, case II: selection by the signals themselves), with normal scores for ranks. In
simulated searches (experiments/benchmarks/rung_trust.py) it has .57 to .59 of .60 after 0 to 20
groups. After 20 a rung of .50 is not trusted in 3 % of them in place of 9 %, and one of 0 in 75 %
in place of 83 %. Where the cells of later groups are better ones, a rung of 0 seems to have .20,
and is not trusted in 41 % in place of 68 %: what costs epochs is kept for longer, and what saves
them is given up less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from pnas.predictors.rank_metrics import rank_agreement
from pnas.search.expected_reward import Evidence, FloatArray, normal_scores, training_scores

Ranked = TypeVar("Ranked")

_PRIOR_CORRELATION = 0.5
"""What the correlation of a short training is taken for before it is measured.

It is lower than `pnas.search.expected_reward.PRIOR_CORRELATION`, which is that of all signals, the
prediction among them: with a higher one a rung that tells nothing would stay for longer.
"""

_PRIOR_CELLS = 6
"""Cells with both trainings that the prior correlation counts for."""

LOWEST_TRUSTED = 0.2
"""Correlation below which a rung costs more than it tells (docs/strategies.md)."""


@dataclass(frozen=True)
class RungAgreement:
    """How well one rung ranks cells.

    Attributes:
        epochs: Epochs of its trainings.
        cells: Number of cells that were trained on it.
        both: Number of those that were trained whole too.
        spearman: Spearman's correlation of the rung's signals with the reward over ``both``, with
            the ends of its bootstrap interval; None where it is undefined.
        spearman_top: The same over the best third of ``both`` by their rewards.
        corrected: Correlation over all ``cells`` that the one over ``both`` speaks for, by which
            trust is decided; None where it is undefined.
    """

    epochs: int
    cells: int
    both: int
    spearman: tuple[float | None, float | None, float | None]
    spearman_top: tuple[float | None, float | None, float | None]
    corrected: float | None

    @property
    def is_trusted(self) -> bool:
        """Whether the rung is worth its epochs, as far as is known."""
        if self.corrected is None:
            return True
        total = self.both * self.corrected + _PRIOR_CELLS * _PRIOR_CORRELATION
        return total / (self.both + _PRIOR_CELLS) >= LOWEST_TRUSTED

    def as_record(self) -> dict[str, Any]:
        """Return plain values, as summary.json shows them."""
        return {
            "epochs": self.epochs,
            "cells": self.cells,
            "both": self.both,
            "spearman": list(self.spearman),
            "spearman_top_third": list(self.spearman_top),
            "corrected": self.corrected,
            "is_trusted": self.is_trusted,
        }


def spread_over_ranks(ranked: Sequence[Ranked], count: int) -> list[Ranked]:
    """Return about half of ``count`` from the top of ``ranked``, and others evenly from the rest.

    Cells of every rank are what rungs can be judged by.
    """
    count = min(count, len(ranked))
    top = (count + 1) // 2
    chosen = list(ranked[:top])
    rest = ranked[top:]
    others = count - top
    for place in range(others):
        chosen.append(rest[(2 * place + 1) * len(rest) // (2 * others)])
    return chosen


def measure_agreement(epochs: int, evidence: Evidence, seed: int) -> RungAgreement:
    """Return how well the rung of ``epochs`` epochs ranks the cells that were trained whole too.

    The signals count as they do by the prior: their weights are not fitted to the same cells.

    Args:
        epochs: Epochs of the rung.
        evidence: What is known of its cells.
        seed: Seed of the resamples.
    """
    known = [place for place, reward in enumerate(evidence.rewards) if reward is not None]
    rewards = [evidence.rewards[place] or 0.0 for place in known]
    scores = training_scores(evidence) if evidence.signals else np.zeros(0)
    ranked = [float(scores[place]) for place in known]
    best = sorted(range(len(known)), key=lambda place: -rewards[place])
    third = sorted(best[: (len(best) + 2) // 3])
    return RungAgreement(
        epochs=epochs,
        cells=len(evidence.signals),
        both=len(known),
        spearman=_spearman(ranked, rewards, seed),
        spearman_top=_spearman(
            [ranked[place] for place in third], [rewards[place] for place in third], seed
        ),
        corrected=_corrected(scores, known, rewards),
    )


def _corrected(scores: FloatArray, known: Sequence[int], rewards: Sequence[float]) -> float | None:
    """Return the correlation of scores with rewards over all cells; see the module.

    Args:
        scores: What the rung tells of each of its cells, (cells,).
        known: Places of the cells that have a reward.
        rewards: Their rewards.
    """
    if len(known) < 2:
        return None
    normal = normal_scores(scores.tolist())
    of_known = normal[list(known)]
    of_rewards = normal_scores(rewards)
    if of_known.std() == 0 or of_rewards.std() == 0:
        return None
    restricted = float(np.corrcoef(of_known, of_rewards)[0, 1])
    ratio = float(normal.std() / of_known.std())
    return restricted * ratio / (1 + restricted**2 * (ratio**2 - 1)) ** 0.5


def _spearman(
    ranked: Sequence[float], rewards: Sequence[float], seed: int
) -> tuple[float | None, float | None, float | None]:
    if len(ranked) < 2:
        return None, None, None
    agreement = rank_agreement(ranked, rewards, seed)
    return agreement["spearman"], agreement["spearman_low"], agreement["spearman_high"]
