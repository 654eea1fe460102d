"""Search strategies and the loop that runs them."""

from pnas.search.budget import STOPPED_BY, Budget, may_continue
from pnas.search.loop import Observer, SearchFailed, SearchLoop
from pnas.search.strategies.base import Proposal, Strategy
from pnas.search.strategies.progressive import Progressive
from pnas.search.strategies.registry import check_search, make_strategy
from pnas.search.strategies.specs import SearchSpec

__all__ = [
    "STOPPED_BY",
    "Budget",
    "Observer",
    "Progressive",
    "Proposal",
    "SearchFailed",
    "SearchLoop",
    "SearchSpec",
    "Strategy",
    "check_search",
    "make_strategy",
    "may_continue",
]
