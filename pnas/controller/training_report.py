"""What one fit of the predictor gave, and how far its ranks can be trusted."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pnas.controller.reward_history import Reward
from pnas.predictors import ControllerSpec, Predictor, make_predictor
from pnas.predictors.finite_predictions import require_array
from pnas.predictors.rank_correlation import rank_correlation
from pnas.predictors.rank_metrics import cross_validated, rank_agreement
from pnas.seeds import derive_seed
from pnas.state_space import SlotSpace, Tokens

Diagnosis = dict[str, float | None]


class TrainingReport(NamedTuple):
    """What one fit of the predictor gave.

    Attributes:
        kind: Name of the predictor (``gp``, ``mlp_ensemble``, ...).
        loss: Training loss of the last epoch.
        losses: Training loss of each epoch.
        spearman_fit: Rank correlation on all cells that it was fitted to.
        spearman_next: Rank correlation on this stage's cells as predicted before they were trained;
            None at stage 1, where nothing was predicted. Either is None where it is undefined
            (constant values).
        diagnosis: ``kendall_fit``; Spearman's and Kendall's correlation on cells that a fit had not
            seen (``spearman_cv``, ``kendall_cv``, if ``controller.cross_validate``) and
            ``kendall_next``; and a bootstrap interval of each but those within the fit
            (``spearman_cv_low``, ``spearman_cv_high``, ...). None where undefined.
    """

    kind: str
    loss: float
    losses: list[float]
    spearman_fit: float | None
    spearman_next: float | None
    diagnosis: Diagnosis

    def as_record(self) -> dict[str, Any]:
        """Return everything in one plain mapping, as summary.json shows it."""
        record = self._asdict()
        diagnosis = record.pop("diagnosis")
        return {**record, **diagnosis}


def diagnose_fit(
    predictor: Predictor, tokens: Tokens, rewards: Sequence[float]
) -> tuple[float | None, Diagnosis]:
    """Return Spearman's correlation within the fit, and Kendall's as a diagnosis."""
    fitted = predictor.predict(tokens)
    require_array(predictor, fitted, len(tokens))
    correlation = rank_correlation(fitted.tolist(), rewards)
    return correlation.spearman, {"kendall_fit": correlation.kendall}


def diagnose_next(
    predicted: Sequence[float] | None, rewards: Sequence[Reward], seed: int
) -> tuple[float | None, Diagnosis]:
    """Return Spearman's correlation on a stage predicted before it was trained, and the diagnosis.

    Args:
        predicted: Expected rewards; None at stage 1.
        rewards: Measured rewards.
        seed: Seed of the bootstrap.
    """
    agreement = rank_agreement([], [])
    if predicted is not None:
        agreement = rank_agreement(predicted, rewards, seed)
    diagnosis = _with_suffix(agreement, "next")
    return diagnosis.pop("spearman_next"), diagnosis


def diagnose_unseen(
    space: SlotSpace,
    spec: ControllerSpec,
    *,
    tokens: Tokens,
    rewards: Sequence[float],
    stage: int,
    seed: int,
) -> Diagnosis:
    """Return rank correlations within the history, of cells that a fit had not seen.

    Args:
        space: The space of the cells.
        spec: Settings of the predictor, which is fitted once a fold.
        tokens: Cells of the history, (n, blocks, slots).
        rewards: Their rewards, (n,).
        stage: Number of the last stage.
        seed: Seed of folds, fits and bootstrap.
    """

    def fit_predict(
        seen: NDArray[np.intp], held_out: NDArray[np.intp], fold: int
    ) -> Sequence[float]:
        predictor = make_predictor(space, spec)
        seen_rewards = [rewards[row] for row in seen]
        predictor.fit(tokens[seen], seen_rewards, stage, derive_seed(seed, "fold", fold))
        return [float(value) for value in predictor.predict(tokens[held_out])]

    predicted = cross_validated(fit_predict, len(rewards), spec.cross_validate, seed)
    if predicted is None:
        return {}
    return _with_suffix(rank_agreement(predicted, rewards, seed), "cv")


def _with_suffix(agreement: Mapping[str, float | None], suffix: str) -> Diagnosis:
    """Return ``spearman_low`` as ``spearman_<suffix>_low``, and so on."""
    renamed = {}
    for name, value in agreement.items():
        stem, line, end = name.partition("_")
        renamed[f"{stem}_{suffix}{line}{end}"] = value
    return renamed
