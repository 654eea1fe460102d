"""How good a stage's choice was: predictions against rewards, of the chosen cells and of a random probe."""

from collections.abc import Sequence
from typing import Any

from pnas.predictors.rank_metrics import rank_agreement, top_regret
from pnas.seeds import derive_seed


def evaluate_selection(
    predictions: Sequence[float], rewards: Sequence[float | None], K: int | None, seed: int
) -> dict[str, Any]:
    """What summary.json shows of it, as ``predictor.choice_next`` of the stage whose predictor chose.

    The chosen cells are those that the predictor thinks alike, so that ranking them is hard; the probe shows how it
    ranks all candidates.

    Args:
        predictions: of the stage's cells, before they were trained.
        rewards: of those cells; None for one that failed.
        K: how many of them were chosen; the others are the probe. None: all were chosen.
        seed: of the bootstrap.

    Returns:
        ``chosen`` and ``probe``: see `pnas.predictors.rank_metrics.rank_agreement`; None without a probe.
        ``regret``: see `pnas.predictors.rank_metrics.top_regret`; negative if the best was chosen.
        ``advantage``: mean reward of the chosen over that of the probe. Both are None without a probe.
    """
    count = len(predictions) if K is None else K
    chosen = rewards[:count]
    probe = rewards[count:]
    judged: dict[str, Any] = {
        "chosen": rank_agreement(predictions[:count], chosen, derive_seed(seed, "chosen")),
        "probe": None,
    }
    if not probe:
        return {**judged, "regret": None, "advantage": None}
    judged["probe"] = rank_agreement(predictions[count:], probe, derive_seed(seed, "probe"))
    means = [_mean(chosen), _mean(probe)]
    advantage = None if means[0] is None or means[1] is None else means[0] - means[1]
    return {**judged, "regret": top_regret(chosen, probe), "advantage": advantage}


def _mean(rewards: Sequence[float | None]) -> float | None:
    known = [reward for reward in rewards if reward is not None]
    return sum(known) / len(known) if known else None
