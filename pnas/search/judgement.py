"""How good a stage's choice was: predictions against rewards, of the chosen cells and of a random probe."""

from collections.abc import Sequence
from typing import Any

from pnas.controller.diagnosis import rank_agreement
from pnas.seeds import derive_seed


def judge_choice(
    predictions: Sequence[float], rewards: Sequence[float | None], K: int | None, seed: int
) -> dict[str, Any]:
    """What summary.json shows of it, as ``predictor.next`` of the stage whose predictor chose.

    The chosen cells are those that the predictor thinks alike, so that ranking them is hard; the probe shows how it
    ranks all candidates.

    Args:
        predictions: of the stage's cells, before they were trained.
        rewards: of those cells; None for one that failed.
        K: how many of them were chosen; the others are the probe. None: all were chosen.
        seed: of the bootstrap.

    Returns:
        ``chosen`` and ``probe``: see `pnas.controller.diagnosis.rank_agreement`; None without a probe.
        ``regret``: by how much the best of the probe beats the best of the chosen; 0 if it does not.
        ``advantage``: mean reward of the chosen over that of the probe. Both are None without a probe.
    """
    count = len(predictions) if K is None else K
    chosen, probe = rewards[:count], rewards[count:]
    judged = {"chosen": rank_agreement(predictions[:count], chosen, derive_seed(seed, "chosen")), "probe": None}
    if not probe:
        return {**judged, "regret": None, "advantage": None}
    judged["probe"] = rank_agreement(predictions[count:], probe, derive_seed(seed, "probe"))
    return {**judged, **_compared([r for r in chosen if r is not None], [r for r in probe if r is not None])}


def _compared(chosen: Sequence[float], probe: Sequence[float]) -> dict[str, float | None]:
    if not chosen or not probe:
        return {"regret": None, "advantage": None}
    regret = max(0.0, max(probe) - max(chosen))
    return {"regret": regret, "advantage": sum(chosen) / len(chosen) - sum(probe) / len(probe)}
