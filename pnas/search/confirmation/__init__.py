"""The end of a search: its most promising cells are trained again until the winner is known."""

from pnas.search.confirmation.winner import decide_winner, estimate_optimism

__all__ = [
    "decide_winner",
    "estimate_optimism",
]
