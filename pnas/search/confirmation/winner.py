"""The winner of a search, and how sure that is: what summary.json and the reports show."""

from collections.abc import Callable, Sequence
from typing import Any

from pnas.records.cell_trainings import CellTrainings, of_like_size
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

COSTS: dict[str, Cost] = {
    "params": lambda cell: _UNKNOWN if cell.params is None else cell.params,
    "madds": lambda cell: _UNKNOWN if cell.flops is None else cell.flops,
    "seconds": lambda cell: _UNKNOWN if cell.seconds is None else cell.seconds,
}
"""What may decide between cells that cannot be told apart; the lowest value wins."""

BY_REWARD = "reward"
"""Takes the leader, which is most probably the best, however many cannot be told from it."""


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
    room for it. The leader is the one that is most probably the best of them; those that are better
    than it with a probability above 1 - ``confidence`` cannot be told from it, and ``tie_break``
    decides between them and it.

    Args:
        searched: All cells of the search that have a reward.
        confidence: Probability from which two cells count as told apart.
        tie_break: `BY_REWARD`, or a name in `COSTS`.
        seed: Seed of the search.
        is_deterministic: Whether another training of a cell would have the same reward, so that
            one training is enough to know it.
        adds_best: Whether the cell of the highest expected reward is a finalist in any case. Where
            it is certainly on the front, a search of several objectives does not train it again.

    Returns:
        The mapping that summary.json calls ``winner``; None if no cell was trained twice and
        rewards are noisy, so that nothing can be said.
    """
    model = _model_of(searched, is_deterministic)
    if model is None:
        return None
    finalists = _finalists(searched, model, is_deterministic, adds_best)
    if not finalists:
        return None

    rewards = [each.rewards for each in finalists]
    of_all = probabilities_best(rewards, model, derive_seed(seed, "confirmation"))
    probabilities: list[float] = of_all.tolist()
    tied = _tied(finalists, model, probabilities, confidence, seed)
    winner = _break_tie([finalists[i] for i in tied], tie_break)

    described = {i: _describe(finalists[i], model, probabilities[i]) for i in tied}
    record = described.pop(tied[winner])
    record["runners_up"] = list(described.values())
    record["finalists"] = len(finalists)
    record["tie_break"] = tie_break
    record["noise"] = model.noise
    return record


def _model_of(searched: Sequence[CellTrainings], is_deterministic: bool) -> RewardModel | None:
    """Return the model of the rewards; None if their noise is not known."""
    if not is_deterministic:
        return fit_reward_model([each.rewards for each in of_like_size(searched)])
    means = [each.mean for each in searched]
    return known_exactly(means) if means else None


def _finalists(
    searched: Sequence[CellTrainings],
    model: RewardModel,
    is_deterministic: bool,
    adds_best: bool,
) -> list[CellTrainings]:
    """Return the cells that the winner is one of; see `decide_winner`."""
    if is_deterministic:
        return list(searched)
    finalists = [each for each in searched if each.attempts > 1]
    if adds_best and finalists:
        best = max(searched, key=lambda each: model.expected(each.rewards))
        if best.attempts == 1:
            finalists.append(best)
    return finalists


def _tied(
    finalists: Sequence[CellTrainings],
    model: RewardModel,
    probabilities: Sequence[float],
    confidence: float,
    seed: int,
) -> list[int]:
    """Return the places of the leader and of those that cannot be told from it.

    Those that are more probably the best come first.
    """
    leader, *others = sorted(
        range(len(finalists)),
        key=lambda i: (-probabilities[i], -finalists[i].mean),
    )
    tied = [leader]
    for other in others:
        # Without noise the first one with a lower reward is told apart, as are those after it.
        if not model.is_noisy and finalists[other].mean < finalists[leader].mean:
            break
        pair = [finalists[leader].rewards, finalists[other].rewards]
        better = probabilities_best(pair, model, derive_seed(seed, "pair"))[1]
        if better > 1 - confidence:
            tied.append(other)
    return tied


def _break_tie(tied: Sequence[CellTrainings], tie_break: str) -> int:
    """Return the place of the winner among cells of which the leader is the first."""
    if tie_break == BY_REWARD:
        return 0
    costs = [COSTS[tie_break](each) for each in tied]
    # Of equally cheap ones the more probable wins, since it comes first.
    return costs.index(min(costs))


def _describe(cell: CellTrainings, model: RewardModel, probability: float) -> dict[str, Any]:
    trainings = len(cell.rewards)
    return {
        "cell": str(cell.cell),
        "key": cell.key,
        "mean": cell.mean,
        "standard_error": model.standard_error(trainings),
        "expected": model.expected(cell.rewards),
        "trainings": trainings,
        "probability_best": probability,
        "params": cell.params,
        "flops": cell.flops,
    }


def estimate_optimism(searched: Sequence[CellTrainings]) -> float | None:
    """Return by how much the highest reward is expected to exceed a fresh training of its cell.

    It is the winner's curse: the highest of many noisy rewards is partly luck.

    Returns:
        The difference; None if no cell was trained twice, so that the noise is not known.
    """
    best = max(searched, key=lambda each: max(each.rewards))
    alike = of_like_size(searched)
    # A best cell of another size is judged by all: nothing is known of how far its like differ.
    is_alike = any(each is best for each in alike)
    model = fit_reward_model([each.rewards for each in (alike if is_alike else searched)])
    return None if model is None else max(best.rewards) - model.expected(best.rewards)
