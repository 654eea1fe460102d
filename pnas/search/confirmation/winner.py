"""The winner of a search, and how sure that is: what summary.json and the reports show."""

from collections.abc import Callable, Sequence
from typing import Any

from pnas.records.cell_trainings import CellTrainings
from pnas.records.reward_model import (
    RewardModel,
    fit_reward_model,
    known_exactly,
    probabilities_best,
)
from pnas.seeds import derive_seed

Cost = Callable[[CellTrainings], float]

_UNKNOWN = float("inf")
"""Cost of a cell whose size or time is not known: it is no reason to take it."""

TIE_BREAKS: dict[str, Cost] = {
    "reward": lambda cell: -cell.mean,
    "params": lambda cell: _UNKNOWN if cell.params is None else cell.params,
    "madds": lambda cell: _UNKNOWN if cell.flops is None else cell.flops,
    "seconds": lambda cell: _UNKNOWN if cell.seconds is None else cell.seconds,
}
"""What decides between cells that cannot be told apart; the lowest value wins."""


def decide_winner(
    searched: Sequence[CellTrainings],
    *,
    confidence: float,
    tie_break: str,
    seed: int,
    is_deterministic: bool = False,
    adds_best: bool = False,
) -> dict[str, Any] | None:
    """Return the winner of a search as a plain mapping.

    The finalists are the cells that another training was asked for, also where the budget left no
    room for it. The leader is the one that is
    most probably the best of them; those that are better than it with a probability above
    1 - ``confidence`` cannot be told from it, and ``tie_break`` decides between them and it.

    Args:
        searched: All cells of the search that have a reward.
        confidence: Probability from which two cells count as told apart.
        tie_break: Name in `TIE_BREAKS`.
        seed: Seed of the search.
        is_deterministic: Whether another training of a cell would have the same reward, so that
            one training is enough to know it.
        adds_best: Whether the cell of the highest expected reward is a finalist in any case. Where
            it is certainly on the front, a search of several objectives does not train it again.

    Returns:
        The mapping that summary.json calls ``winner``; None if no cell was trained twice and
        rewards are noisy, so that nothing can be said.
    """
    if is_deterministic:
        means = [each.mean for each in searched]
        model: RewardModel | None = known_exactly(means) if means else None
        finalists = list(searched)
    else:
        model = fit_reward_model([each.rewards for each in searched])
        finalists = [each for each in searched if each.attempts > 1]
        if adds_best and finalists and model is not None:
            expected = {each.key: model.expected(each.rewards) for each in searched}
            best = max(searched, key=lambda each: expected[each.key])
            finalists += [best] if best.attempts == 1 else []
    if model is None or not finalists:
        return None

    rewards = [each.rewards for each in finalists]
    probabilities = probabilities_best(rewards, model, derive_seed(seed, "confirmation"))
    by_probability = sorted(
        range(len(finalists)),
        key=lambda i: (-probabilities[i], -finalists[i].mean),
    )
    leader = by_probability[0]
    tied = [leader]
    for other in by_probability[1:]:
        pair = [rewards[leader], rewards[other]]
        better = probabilities_best(pair, model, derive_seed(seed, "pair"))[1]
        if better > 1 - confidence:
            tied.append(other)
    # Of equally cheap ones the more probable wins, since it comes first.
    winner = min(tied, key=lambda i: TIE_BREAKS[tie_break](finalists[i]))
    if tie_break == "reward":
        winner = leader

    record = _describe(finalists[winner], model, probabilities[winner])
    record["runners_up"] = []
    for i in tied:
        if i != winner:
            record["runners_up"].append(_describe(finalists[i], model, probabilities[i]))
    record["finalists"] = len(finalists)
    record["tie_break"] = tie_break
    record["noise"] = model.noise
    return record


def _describe(cell: CellTrainings, model: RewardModel, probability: float) -> dict[str, Any]:
    trainings = len(cell.rewards)
    return {
        "cell": str(cell.cell),
        "key": cell.key,
        "mean": cell.mean,
        "standard_error": model.standard_error(trainings),
        "expected": model.expected(cell.rewards),
        "trainings": trainings,
        "probability_best": float(probability),
        "params": cell.params,
        "flops": cell.flops,
    }


def estimate_optimism(searched: Sequence[CellTrainings]) -> float | None:
    """Return by how much the highest reward is expected to exceed a fresh training of its cell.

    It is the winner's curse: the highest of many noisy rewards is partly luck.

    Returns:
        The difference; None if no cell was trained twice, so that the noise is not known.
    """
    model = fit_reward_model([each.rewards for each in searched])
    if model is None:
        return None
    best = max(searched, key=lambda each: max(each.rewards))
    return max(best.rewards) - model.expected(best.rewards)
