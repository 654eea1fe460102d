"""The winner of a confirmed search, as a journal stores it."""

from typing import Any


def stored_winner(**changes: Any) -> dict[str, Any]:
    """Return a winner of two trainings that nothing ties with, with some fields changed."""
    winner = {
        "cell": "(-1, identity, -1, identity)",
        "key": "ab12",
        "mean": 0.75,
        "standard_error": 0.01,
        "expected": 0.74,
        "trainings": 2,
        "probability_best": 0.9,
        "params": 100,
        "flops": 1000,
        "runners_up": [],
        "finalists": 2,
        "tie_break": "reward",
        "noise": 0.014,
    }
    return {**winner, **changes}
