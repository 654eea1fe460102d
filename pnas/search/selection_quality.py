"""Quality of a stage's selection: predictions against rewards, of the chosen cells and the probe.

The chosen cells are those that the predictor takes for about equally good, so that ranking them is
hard; the random probe shows how well it ranks all candidates.
"""

from collections.abc import Sequence
from typing import Any

from pnas.predictors.rank_metrics import rank_agreement, top_regret
from pnas.seeds import derive_seed


def evaluate_selection(
    predictions: Sequence[float], rewards: Sequence[float | None], chosen: int, seed: int
) -> dict[str, Any]:
    """Compare what was predicted of a stage's cells with their rewards.

    summary.json shows it as ``predictor.selection_quality`` of the stage whose predictor chose, and
    under its first name ``predictor.choice_next``.

    Args:
        predictions: Expected rewards of the stage's cells, before they were trained.
        rewards: Rewards of those cells; None for a cell whose child failed.
        chosen: Number of chosen cells, which come first; the others are the probe.
        seed: Seed of the bootstrap.

    Returns:
        ``chosen`` and ``probe``: See `pnas.predictors.rank_metrics.rank_agreement`; ``probe`` is
        None without one.
        ``regret``: See `pnas.predictors.rank_metrics.top_regret`; negative if the best cell was
        chosen, None without a probe.
        ``advantage``: Mean reward of the chosen cells minus that of the probe; None without one.
    """
    chosen_rewards = rewards[:chosen]
    probe_rewards = rewards[chosen:]
    chosen_seed = derive_seed(seed, "chosen")
    quality: dict[str, Any] = {
        "chosen": rank_agreement(predictions[:chosen], chosen_rewards, chosen_seed),
        "probe": None,
        "regret": None,
        "advantage": None,
    }
    if probe_rewards:
        probe_seed = derive_seed(seed, "probe")
        quality["probe"] = rank_agreement(predictions[chosen:], probe_rewards, probe_seed)
        quality["regret"] = top_regret(chosen_rewards, probe_rewards)
        quality["advantage"] = _advantage(chosen_rewards, probe_rewards)
    return quality


def _advantage(chosen: Sequence[float | None], probe: Sequence[float | None]) -> float | None:
    chosen_mean = _mean(chosen)
    probe_mean = _mean(probe)
    if chosen_mean is None or probe_mean is None:
        return None
    return chosen_mean - probe_mean


def _mean(rewards: Sequence[float | None]) -> float | None:
    known = [reward for reward in rewards if reward is not None]
    return sum(known) / len(known) if known else None
