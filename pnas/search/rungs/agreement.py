"""Whether a rung can be trusted: how far its ranks agree with those of whole trainings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pnas.predictors.rank_metrics import rank_agreement
from pnas.search.expected_reward import Evidence, training_scores

_PRIOR_CORRELATION = 0.5
"""What Spearman's correlation is taken for before it is measured."""

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
    """

    epochs: int
    cells: int
    both: int
    spearman: tuple[float | None, float | None, float | None]
    spearman_top: tuple[float | None, float | None, float | None]

    @property
    def is_trusted(self) -> bool:
        """Whether the rung is worth its epochs, as far as is known."""
        measured = self.spearman[0]
        if measured is None:
            return True
        total = self.both * measured + _PRIOR_CELLS * _PRIOR_CORRELATION
        return total / (self.both + _PRIOR_CELLS) >= LOWEST_TRUSTED

    def as_record(self) -> dict[str, Any]:
        """Return plain values, as summary.json shows them."""
        return {
            "epochs": self.epochs,
            "cells": self.cells,
            "both": self.both,
            "spearman": list(self.spearman),
            "spearman_top_third": list(self.spearman_top),
            "is_trusted": self.is_trusted,
        }


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
    )


def _spearman(
    ranked: Sequence[float], rewards: Sequence[float], seed: int
) -> tuple[float | None, float | None, float | None]:
    if len(ranked) < 2:
        return None, None, None
    agreement = rank_agreement(ranked, rewards, seed)
    return agreement["spearman"], agreement["spearman_low"], agreement["spearman_high"]
