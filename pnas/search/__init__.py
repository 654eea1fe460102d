"""Search strategies and the loop that runs them."""

from pnas.search.budget import STOPPED_BY, Budget, may_continue
from pnas.search.loop import Observer, SearchFailed, SearchLoop
from pnas.search.make import check_search, make_strategy
from pnas.search.progressive import Progressive
from pnas.search.spec import SearchSpec
from pnas.search.strategy import Proposal, Strategy

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
